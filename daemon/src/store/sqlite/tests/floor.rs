//! Floors run on a copy that is removed, and leave the store as it was.

use agent_memory_proto::{
    model::{Id, ScopeRef},
    request::{FloorOperation, MeasureFloor},
};

use super::open;
use crate::{
    actors::block_on,
    store::{
        SearchQuery, StoreError,
        contract::{guideline, search::search_for},
        sqlite::SqliteOptions,
    },
};

fn floor_of(operation: FloorOperation, project_id: Id) -> MeasureFloor {
    MeasureFloor { operation, project_id, rounds: 40, batch: 8, searches: vec![search_for("says")] }
}

fn copies_in(options: &SqliteOptions) -> usize {
    let files = std::fs::read_dir(&options.data_dir).unwrap().map(|file| file.unwrap().file_name());
    files.filter(|name| name.to_string_lossy().starts_with("floor-")).count()
}

#[test]
fn every_floor_is_measured_and_nothing_stays() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    block_on(async move {
        let (world, handle) = open(options.clone());
        let project = world.project("bench").await;
        let scope = ScopeRef::project(project.id);
        world.add(guideline(scope, "one", 10)).await;
        for operation in [
            FloorOperation::SimpleRead,
            FloorOperation::ScopedRead,
            FloorOperation::Search,
            FloorOperation::Context,
            FloorOperation::Write,
            FloorOperation::GroupWrite,
        ] {
            let request = floor_of(operation, project.id);
            let floor =
                world.store.floors.measure_floor(request, world.clock.now_ms()).await.expect("a floor");
            assert_eq!(floor.rounds, 40, "{operation:?}");
            assert!(floor.elapsed_us > 0 && floor.p99_ns >= floor.p50_ns && floor.p50_ns > 0);
        }
        assert_eq!(copies_in(&options), 0);
        let found = world.store.search.search(SearchQuery {
            request: search_for("floor"),
            scopes: Some(vec![scope]),
            now_ms: world.clock.now_ms(),
            deadline: std::time::Instant::now() + std::time::Duration::from_secs(20),
        });
        assert_eq!(found.await.expect("a page").hits.len(), 0);
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn a_floor_of_nothing_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    block_on(async move {
        let (world, handle) = open(options.clone());
        let project = world.project("bench").await;
        for request in [
            floor_of(FloorOperation::SimpleRead, project.id),
            floor_of(FloorOperation::Write, world.clock.new_id()),
        ] {
            let refused = world.store.floors.measure_floor(request, world.clock.now_ms()).await;
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        }
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
