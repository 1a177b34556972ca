//! The supervisor itself.

use super::{restarts, supervised};
use crate::{actors::WorkerHandle, store::StoreError};

#[test]
fn a_supervisor_that_panics_comes_back_and_still_looks_after_its_actors() {
    supervised(async |supervisor| {
        let worker = WorkerHandle::<()>::start(&supervisor, "reader", "the queue", 10, || Ok(())).unwrap();
        for round in 1..=3 {
            supervisor.panic_for_test();
            let lost: Result<(), _> = worker.run(|()| panic!("asked to")).await;
            assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
            worker.run(|()| Ok(())).await.expect("the worker is back");
            assert_eq!(restarts(&supervisor, "reader").0, round);
            assert_eq!(restarts(&supervisor, "supervisor").0, round);
        }
    });
}
