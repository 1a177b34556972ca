//! The breaker before a real server that goes and comes back.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::model::{Id, ScopeRef};
use agent_memory_testbed::{Postgres, Proxy};

use super::{super::PostgresOptions, open};
use crate::{
    actors::block_on,
    breaker::{self, BreakerOptions, Gate},
    store::{Store, StoreError, guarded},
    supervisor::Supervisor,
};

const OPTIONS: BreakerOptions =
    BreakerOptions { failure_threshold: 3, reset_timeout: Duration::from_millis(200), success_threshold: 2 };

async fn read(store: &Store) -> Result<(), StoreError> {
    store.scopes.chain(ScopeRef::project(Id([7; 16]))).await.map(drop)
}

/// A store behind a breaker, as the daemon has it.
async fn behind_breaker(url: &str, supervisor: &Supervisor) -> (Store, Gate) {
    let (world, handle) = open(PostgresOptions::new(url.parse().unwrap())).await;
    let ready = handle.clone();
    let ping: breaker::Ping = Arc::new(move || {
        let handle = handle.clone();
        Box::pin(async move { handle.ping().await })
    });
    let gate = breaker::start(supervisor, "postgresql", OPTIONS, ping, Arc::new(|_| {})).unwrap();
    (guarded(world.store, gate.clone(), Arc::new(move || ready.check_ready())), gate)
}

async fn until_it_is(gate: &Gate, closed: bool) {
    let changed = async {
        while gate.is_closed() != closed {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), changed).await.expect("it changes by itself");
}

#[test]
fn a_server_that_went_is_left_alone_and_taken_up_again_without_a_caller() {
    let mut server = Postgres::start().unwrap();
    block_on(async {
        let supervisor = Supervisor::start();
        let (store, gate) = behind_breaker(&server.url("postgres"), &supervisor).await;
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
        until_it_is(&gate, true).await;
        assert_eq!(read(&store).await, Ok(()));
        assert_eq!(supervisor.breakers().health()[0].state, "closed");
    })
    .unwrap();
}

/// Nobody is told that a connection is dead: callers give up, which says nothing by itself.
#[test]
fn a_server_that_falls_silent_is_found_out_though_every_caller_gives_up_early() {
    let server = Postgres::start().unwrap();
    let proxy = Proxy::start(server.port()).unwrap();
    let url = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
    block_on(async {
        let supervisor = Supervisor::start();
        let (store, gate) = behind_breaker(&url, &supervisor).await;
        assert_eq!(read(&store).await, Ok(()));
        proxy.swallow();
        let silent = std::time::Instant::now();
        let given_up = tokio::time::timeout(Duration::from_millis(300), read(&store)).await;
        assert!(given_up.is_err() && gate.is_closed());
        until_it_is(&gate, false).await;
        println!("a black hole opened the breaker after {:?}", silent.elapsed());
        assert!(matches!(read(&store).await, Err(StoreError::BreakerOpen { .. })));
        proxy.restore();
        until_it_is(&gate, true).await;
        assert_eq!(read(&store).await, Ok(()));
    })
    .unwrap();
}
