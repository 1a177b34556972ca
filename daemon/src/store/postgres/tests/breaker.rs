//! The breaker before a real server that goes and comes back.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::model::{Id, ScopeRef};
use agent_memory_testbed::Postgres;

use super::{super::PostgresOptions, open};
use crate::{
    actors::block_on,
    breaker::{self, BreakerOptions},
    store::{Store, StoreError, guarded},
    supervisor::Supervisor,
};

const OPTIONS: BreakerOptions =
    BreakerOptions { failure_threshold: 3, reset_timeout: Duration::from_millis(200), success_threshold: 2 };

async fn read(store: &Store) -> Result<(), StoreError> {
    store.scopes.chain(ScopeRef::project(Id([7; 16]))).await.map(drop)
}

#[test]
fn a_server_that_went_is_left_alone_and_taken_up_again_without_a_caller() {
    let mut server = Postgres::start().unwrap();
    block_on(async {
        let options = PostgresOptions::new(server.url("postgres").parse().unwrap());
        let (world, handle) = open(options).await;
        let supervisor = Supervisor::start();
        let (pinged, ready) = (handle.clone(), handle.clone());
        let ping: breaker::Ping = Arc::new(move || {
            let handle = pinged.clone();
            Box::pin(async move { handle.ping().await })
        });
        let on_change: breaker::OnBreaker = Arc::new(|_| {});
        let gate = breaker::start(&supervisor, "postgresql", OPTIONS, ping, on_change).unwrap();
        let store = guarded(world.store.clone(), gate.clone(), Arc::new(move || ready.check_ready()));
        assert_eq!(read(&store).await, Ok(()));

        server.stop_immediately().unwrap();
        let refused = loop {
            match read(&store).await {
                Err(error @ StoreError::BreakerOpen { .. }) => break error,
                other => assert!(matches!(other, Err(StoreError::Unavailable(_))), "{other:?}"),
            }
        };
        assert!(refused.is_certainly_not_applied());
        let problems = supervisor.breakers().problems();
        assert!(problems[0].contains("postgresql is open"), "{problems:?}");

        server.run().unwrap();
        let closed = async {
            while !gate.is_closed() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), closed).await.expect("it closes by itself");
        assert_eq!(read(&store).await, Ok(()));
        assert_eq!(supervisor.breakers().health()[0].state, "closed");
    })
    .unwrap();
}
