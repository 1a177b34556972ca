//! Floors run on a copy, which is removed.

use agent_memory_proto::request::FloorOperation;

use super::open;
use crate::{
    actors::block_on,
    store::{contract::floor::floor_of, sqlite::SqliteOptions},
};

fn copies_in(options: &SqliteOptions) -> usize {
    let files = std::fs::read_dir(&options.data_dir).unwrap().map(|file| file.unwrap().file_name());
    files.filter(|name| name.to_string_lossy().starts_with("floor-")).count()
}

#[test]
fn no_copy_stays_whether_a_floor_is_measured_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    block_on(async move {
        let (world, handle) = open(options.clone());
        let project = world.project("bench").await;
        let floors = &world.store.floors;
        let write = floor_of(FloorOperation::Write, project.id);
        floors.measure_floor(write, world.clock.now_ms()).await.expect("a floor");
        assert_eq!(copies_in(&options), 0);
        let read = floor_of(FloorOperation::SimpleRead, project.id);
        floors.measure_floor(read, world.clock.now_ms()).await.expect_err("there is nothing to read");
        assert_eq!(copies_in(&options), 0);
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn a_copy_that_a_crash_left_is_removed_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    std::fs::create_dir(directory.path().join("floor-0190")).unwrap();
    block_on(async move {
        let (_world, handle) = open(options.clone());
        assert_eq!(copies_in(&options), 0);
        handle.close().await;
    })
    .unwrap();
}
