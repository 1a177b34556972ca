//! Workers: one job at a time, a panic fails one job.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
    mpsc::channel,
};

use super::{all_at_once, restarts, supervised};
use crate::{
    actors::{Arbiters, WorkerHandle, WorkerPool, current_session_arbiter},
    store::StoreError,
};

#[test]
fn a_job_that_panics_fails_alone_and_the_worker_is_back_for_the_next() {
    supervised(async |supervisor| {
        let opened = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&opened);
        let open = move || Ok(count.fetch_add(1, Ordering::SeqCst) + 1);
        let worker = WorkerHandle::<u32>::start(&supervisor, "reader", "the queue", 10, open).unwrap();
        assert_eq!(worker.run(|connection| Ok(*connection)).await, Ok(1));
        let lost: Result<(), _> = worker.run(|_| panic!("asked to")).await;
        assert!(matches!(lost, Err(StoreError::Lost(_))), "{lost:?}");
        assert_eq!(worker.run(|connection| Ok(*connection)).await, Ok(2), "a new connection, not refused");
        assert_eq!(worker.waiting(), 0);
        let (count, cause) = restarts(&supervisor, "reader");
        assert_eq!(count, 1);
        assert!(cause.expect("a cause").contains("asked to"));
    });
}

#[test]
fn a_worker_that_cannot_be_opened_again_is_unavailable_until_it_can() {
    supervised(async |supervisor| {
        let is_broken = Arc::new(AtomicBool::new(false));
        let broken = Arc::clone(&is_broken);
        let open = move || match broken.load(Ordering::SeqCst) {
            true => Err(StoreError::ReadOnly("no such file".to_owned())),
            false => Ok(()),
        };
        let worker = WorkerHandle::<()>::start(&supervisor, "reader", "the queue", 10, open).unwrap();
        is_broken.store(true, Ordering::SeqCst);
        let _: Result<(), _> = worker.run(|()| panic!("asked to")).await;
        let refused = worker.run(|()| Ok(())).await;
        let Err(StoreError::Unavailable(cause)) = refused else { panic!("{refused:?}") };
        assert!(cause.contains("no such file"), "{cause}");
        is_broken.store(false, Ordering::SeqCst);
        // The supervisor tries again by itself, at growing distances of at most some seconds.
        while worker.run(|()| Ok(())).await.is_err() {}
    });
}

#[test]
fn a_full_mailbox_is_busy() {
    supervised(async |supervisor| {
        let worker = WorkerHandle::<()>::start(&supervisor, "reader", "the queue", 2, || Ok(())).unwrap();
        worker.run(|()| Ok(())).await.unwrap();
        let (go, wait) = channel::<()>();
        let mut wait = Some(wait);
        let jobs = (0..20).map(|_| {
            let wait = wait.take();
            worker.run(move |()| {
                if let Some(wait) = wait {
                    let _ = wait.recv();
                }
                Ok(())
            })
        });
        let jobs: Vec<_> =
            jobs.map(|job| Box::pin(job) as std::pin::Pin<Box<dyn Future<Output = _>>>).collect();
        let release: std::pin::Pin<Box<dyn Future<Output = _>>> = Box::pin(async move {
            go.send(()).expect("the worker waits");
            Ok(())
        });
        let results = all_at_once(jobs.into_iter().chain([release])).await;
        let busy = results.iter().filter(|result| matches!(result, Err(StoreError::Busy { .. }))).count();
        assert!((10..20).contains(&busy), "{busy} of 20 are refused");
        assert_eq!(worker.waiting(), 0);
    });
}

/// Callers with short deadlines must not fill the queue without bound, nor have work done for nobody.
#[test]
fn a_caller_who_gave_up_keeps_its_place_until_the_worker_gets_there_and_is_not_served() {
    supervised(async |supervisor| {
        let worker = WorkerHandle::<u32>::start(&supervisor, "reader", "the queue", 3, || Ok(0)).unwrap();
        let (go, wait) = channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let waits = worker.run(move |_| {
            let _ = begun.send(());
            let _ = wait.recv();
            Ok(())
        });
        let others = async {
            begins.await.expect("the first job is under way");
            for _ in 0..2 {
                let mut impatient = Box::pin(worker.run(|served| {
                    *served += 1;
                    Ok(())
                }));
                std::future::poll_fn(|context| {
                    assert!(impatient.as_mut().poll(context).is_pending());
                    std::task::Poll::Ready(())
                })
                .await;
            }
            assert!(matches!(worker.run(|_| Ok(())).await, Err(StoreError::Busy { .. })), "no place is left");
            go.send(()).expect("the worker waits");
        };
        tokio::join!(async { waits.await.unwrap() }, others);
        let served = loop {
            // Busy until the places of those who gave up are free again.
            match worker.run(|served| Ok(*served)).await {
                Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
                other => break other,
            }
        };
        assert_eq!(served, Ok(0), "work was done for nobody");
    });
}

#[test]
fn short_jobs_stay_on_the_thread_of_their_session() {
    supervised(async |supervisor| {
        let arbiters = Arbiters::start(2);
        let pool = WorkerPool::<()>::start(&supervisor, &arbiters, 1, "reader", 10, || Ok(())).unwrap();
        let pool = Arc::new(pool);
        assert_eq!(pool.load(), (3, 3, 0));
        for index in 0..2 {
            let (answer, answered) = tokio::sync::oneshot::channel();
            let pool = Arc::clone(&pool);
            arbiters.spawn_on(index, move || {
                crate::actors::spawn_local(async move {
                    let here = std::thread::current().id();
                    let short = pool.run_short(move |()| Ok(std::thread::current().id() == here)).await;
                    let long = pool.run_long(move |()| Ok(std::thread::current().id() == here)).await;
                    let _ = answer.send((current_session_arbiter(), short, long));
                });
            });
            assert_eq!(answered.await.unwrap(), (Some(index), Ok(true), Ok(false)));
        }
    });
}
