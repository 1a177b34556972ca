//! The write-ahead log stays bounded.

use agent_memory_proto::model::ScopeRef;
use rusqlite::Connection;

use super::open;
use crate::{
    actors::block_on,
    store::{
        contract::fixtures::{World, guideline},
        sqlite::{SqliteOptions, options::file_bytes},
    },
};

const LIMIT_BYTES: u64 = 512 * 1024;

fn small_log() -> (tempfile::TempDir, SqliteOptions) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = SqliteOptions::new(directory.path());
    options.wal_limit_bytes = LIMIT_BYTES;
    options.busy_timeout = std::time::Duration::from_millis(1);
    (directory, options)
}

/// Writes some rules and returns the largest size that the log had.
async fn write_rules(world: &World, log: &std::path::Path, round: u32) -> u64 {
    let mut largest = 0;
    for number in 0..100 {
        world
            .add(guideline(ScopeRef::GLOBAL, &format!("rule {round} {number} {}", "x ".repeat(400)), 1))
            .await;
        largest = largest.max(file_bytes(log));
    }
    largest
}

#[test]
fn the_log_is_bounded_while_writes_go_on() {
    let (_directory, options) = small_log();
    block_on(async {
        let (world, _handle) = open(options.clone());
        let mut largest = 0;
        for round in 0..5 {
            largest = largest.max(write_rules(&world, &options.wal(), round).await);
        }
        assert!(largest > LIMIT_BYTES / 4, "the test writes enough: {largest}");
        assert!(largest < LIMIT_BYTES * 2, "{largest}");
    })
    .unwrap();
}

#[test]
fn a_reader_that_idles_in_an_old_state_holds_the_log_up_only_while_it_does() {
    let (_directory, options) = small_log();
    block_on(async {
        let (world, _handle) = open(options.clone());
        let reader = Connection::open(options.database()).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let count = "SELECT count(*) FROM entries";
        let before: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
        for round in 0..3 {
            write_rules(&world, &options.wal(), round).await;
        }
        assert!(file_bytes(&options.wal()) > LIMIT_BYTES, "the reader needs the log");
        let still: i64 = reader.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(still, before, "and sees its old state");
        reader.execute_batch("COMMIT").unwrap();
        write_rules(&world, &options.wal(), 3).await;
        assert!(file_bytes(&options.wal()) < LIMIT_BYTES * 2, "{}", file_bytes(&options.wal()));
    })
    .unwrap();
}
