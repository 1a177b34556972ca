//! How far the server is, as answers that daemons share go by it.

use std::time::Duration;

use agent_memory_testbed::{Postgres, postgres::query};

use super::{PostgresHandle, PostgresOptions, open};
use crate::{actors::block_on, store::Snapshot, waiting::until_within};

/// A table to write to, so that there are transactions.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS scratch (n int); INSERT INTO scratch VALUES (1)";

fn on(server: &Postgres, test: impl AsyncFnOnce(&PostgresHandle)) {
    block_on(async {
        let (_world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        test(&handle).await;
        handle.close().await;
    })
    .unwrap();
}

/// As soon as the server takes connections again.
async fn snapshot(handle: &PostgresHandle) -> Snapshot {
    let mut taken = None;
    until_within(Duration::from_secs(60), "the server comes back", async || {
        taken = handle.snapshot().await.ok();
        taken.is_some()
    })
    .await;
    taken.expect("it was waited for")
}

#[test]
fn every_transaction_that_ended_is_below_and_one_under_way_is_not() {
    let server = Postgres::start().unwrap();
    server.sql("postgres", TABLE).unwrap();
    on(&server, async |handle| {
        let before = snapshot(handle).await;
        let written = server.sql("postgres", "INSERT INTO scratch VALUES (1) RETURNING xmin").unwrap();
        let written: u64 = written.lines().next().unwrap().trim().parse().unwrap();
        let after = snapshot(handle).await;
        assert!(before.xmax <= written && written < after.xmin, "{before:?} {written} {after:?}");
        assert_eq!(before.incarnation, after.incarnation);
        let (_world, other) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        let connection = other.store.lease().await.unwrap();
        let begun = "INSERT INTO scratch VALUES (2) RETURNING xmin::text::int8";
        let rows = connection.begin_with("BEGIN", begun, &[]).await.unwrap();
        let under_way = rows[0].get::<_, i64>(0).cast_unsigned();
        server.sql("postgres", TABLE).unwrap();
        let during = snapshot(handle).await;
        assert!(during.xmin <= under_way && under_way < during.xmax, "{under_way} {during:?}");
        drop(connection);
        other.close().await;
    });
}

#[test]
fn another_run_of_the_server_is_told_from_the_one_before() {
    let mut server = Postgres::start().unwrap();
    let url = server.url("postgres");
    let first = std::cell::Cell::new(None);
    on(&server, async |handle| {
        let before = snapshot(handle).await;
        assert_eq!(snapshot(handle).await.incarnation, before.incarnation);
        // One process of the server dies, and it recovers as from a crash without being started again.
        let _ = query(&url, "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'");
        let mut recovered = before.incarnation;
        until_within(Duration::from_secs(60), "it is another run", async || {
            recovered = snapshot(handle).await.incarnation;
            recovered != before.incarnation
        })
        .await;
        first.set(Some(recovered));
    });
    server.stop().unwrap();
    server.run().unwrap();
    on(&server, async |handle| {
        assert_ne!(Some(snapshot(handle).await.incarnation), first.get());
    });
}
