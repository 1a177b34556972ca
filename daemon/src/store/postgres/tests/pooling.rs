//! The pool: its bounds, its timeouts, and what happens to connections that were given up.

use std::{sync::Arc, time::Duration};

use agent_memory_testbed::Postgres;
use futures_util::future::join_all;

use super::super::{PostgresOptions, connector::Connector, pool::Pool};
use super::until;
use crate::{actors::block_on, store::StoreError};

fn pool(server: &Postgres, adjust: impl FnOnce(&mut PostgresOptions)) -> Pool {
    let mut options = PostgresOptions::new(server.url("postgres").parse().unwrap());
    adjust(&mut options);
    let connector = Arc::new(Connector::new(&options, &options.server).unwrap());
    Pool::new(&options, connector)
}

/// Connections of pools that the server counts.
fn at_server(server: &Postgres) -> u32 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'agent-memoryd'";
    server.sql("postgres", sql).unwrap().parse().unwrap()
}

#[test]
fn a_pool_never_grows_beyond_its_bound_and_shrinks_to_its_minimum() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let pool = pool(&server, |options| {
            (options.pool_min, options.pool_max) = (1, 4);
            options.idle_timeout = Duration::from_millis(300);
        });
        let busy = join_all((0..64).map(|_| async {
            let connection = pool.get().await.expect("a connection");
            connection.rows("SELECT pg_sleep(0.01)", &[]).await.expect("an answer");
            at_most(pool.load().connections, 4);
        }));
        busy.await;
        at_most(at_server(&server), 4);
        until("only the minimum is left", || pool.load().connections == 1 && at_server(&server) == 1).await;
    })
    .unwrap();
}

/// Connections within the minimum stay what they are, however long nobody uses them.
#[test]
fn connections_that_are_kept_are_not_made_anew() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let idle_timeout = Duration::from_millis(200);
        let pool = pool(&server, |options| {
            (options.pool_min, options.pool_max) = (2, 4);
            options.idle_timeout = idle_timeout;
        });
        until("the minimum is there without being asked for", || pool.load().idle == 2).await;
        let pids = "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity \
                    WHERE application_name = 'agent-memoryd'";
        let (before, started) = (server.sql("postgres", pids).unwrap(), tokio::time::Instant::now());
        until("some idle timeouts have passed", || started.elapsed() > idle_timeout * 5).await;
        assert_eq!(server.sql("postgres", pids).unwrap(), before);
    })
    .unwrap();
}

fn at_most(found: u32, bound: u32) {
    assert!(found <= bound, "{found} connections");
}

#[test]
fn an_exhausted_pool_is_busy_in_time() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let timeout = Duration::from_millis(200);
        let pool = pool(&server, |options| {
            (options.pool_min, options.pool_max) = (0, 1);
            options.connection_timeout = timeout;
        });
        let held = pool.get().await.expect("a connection");
        let started = tokio::time::Instant::now();
        let refused = pool.get().await.map(|_| ()).expect_err("none is free");
        let waited = started.elapsed();
        assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
        let body: agent_memory_proto::ErrorBody = refused.into();
        assert!(body.retry_after_ms.is_some_and(|after| after > 0));
        assert!(waited >= timeout && waited < timeout * 10, "{waited:?}");
        drop(held);
        pool.get().await.expect("it is free again");
    })
    .unwrap();
}

/// Nobody waits for connections that cannot be made.
#[test]
fn a_server_that_is_gone_is_told_at_once_and_found_again() {
    let mut server = Postgres::start().unwrap();
    block_on(async move {
        let pool = pool(&server, |options| options.connection_timeout = Duration::from_secs(60));
        drop(pool.get().await.expect("a connection"));
        // A server that stops waits for who is half-way connected: that goes on meanwhile.
        let stopped = tokio::task::spawn_blocking(move || {
            server.stop_immediately().unwrap();
            server
        });
        let mut server = stopped.await.unwrap();
        for _ in 0..20 {
            // The connections that it had are found out to be broken, one by one.
            let refused = tokio::time::timeout(Duration::from_secs(5), pool.get()).await.expect("at once");
            match refused.map(|_| ()) {
                Err(StoreError::Unavailable(text)) => {
                    assert!(text.contains("AGENT_MEMORY_PG_HOST"), "{text}")
                }
                Err(other) => panic!("{other}"),
                Ok(()) => tokio::task::yield_now().await,
            }
        }
        assert!(pool.get().await.is_err());
        server.run().unwrap();
        let connection = pool.get().await.expect("a connection to the new server");
        connection.rows("SELECT 1", &[]).await.expect("an answer");
    })
    .unwrap();
}

/// What a dropped request left behind is stopped at the server, and its connection is not given on.
#[test]
fn a_connection_that_was_left_half_way_is_cancelled_and_replaced() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let pool = pool(&server, |options| (options.pool_min, options.pool_max) = (0, 1));
        let given_up = async {
            let connection = pool.get().await.expect("a connection");
            connection.rows("SELECT pg_sleep(600)", &[]).await.map(|_| ())
        };
        let asleep =
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active'";
        let asleep = || server.sql("postgres", asleep).unwrap();
        tokio::select! {
            answer = given_up => panic!("{answer:?}"),
            () = until("it sleeps", || asleep() == "1") => {}
        }
        let next = pool.get().await.expect("another connection");
        next.rows("SELECT 1", &[]).await.expect("its own answer");
        until("the statement is cancelled", || asleep() == "0").await;
        drop(next);
        let left_open = async {
            let connection = pool.get().await.expect("a connection");
            connection.begin_with("BEGIN", "SELECT pg_advisory_xact_lock(1)", &[]).await.expect("a lock");
        };
        left_open.await;
        let next = pool.get().await.expect("another connection");
        until("the lock is free", || {
            server.sql("postgres", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").unwrap()
                == "0"
        })
        .await;
        let row = next.row("SELECT pg_try_advisory_xact_lock(1)", &[]).await.unwrap().expect("a row");
        assert!(row.get::<_, bool>(0));
    })
    .unwrap();
}

/// A connection that the server ended is replaced without anybody noticing.
#[test]
fn a_broken_connection_is_replaced() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let pool = pool(&server, |options| (options.pool_min, options.pool_max) = (2, 2));
        drop(pool.get().await.expect("a connection"));
        until("both are there", || pool.load().idle == 2).await;
        let end =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'agent-memoryd'";
        server.sql("postgres", end).unwrap();
        until("the server has ended them", || at_server(&server) == 0).await;
        for _ in 0..4 {
            let connection = pool.get().await.expect("a connection");
            // The end of the old one may not have been heard yet: then the statement fails, once.
            if connection.rows("SELECT 1", &[]).await.is_ok() {
                return;
            }
        }
        panic!("broken connections are given out again and again");
    })
    .unwrap();
}
