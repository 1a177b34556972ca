//! Floors count what was asked for, and leave the store as it was.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    model::{Id, ScopeRef},
    request::{FloorOperation, ListFileLocks, ListProjects, MeasureFloor},
};

use super::{World, guideline, search::search_for};
use crate::store::{SearchQuery, StoreError};

pub(crate) fn floor_of(operation: FloorOperation, project_id: Id) -> MeasureFloor {
    MeasureFloor { operation, project_id, rounds: 40, batch: 8, searches: vec![search_for("says")] }
}

pub(crate) async fn every_floor_is_measured_and_nothing_stays(world: World) {
    let project = world.project("bench").await;
    let scope = ScopeRef::project(project.id);
    world.add(guideline(scope, "one", 10)).await;
    world.session(Some(project.id)).await;
    for operation in [
        FloorOperation::SimpleRead,
        FloorOperation::ScopedRead,
        FloorOperation::Search,
        FloorOperation::Context,
        FloorOperation::Write,
        FloorOperation::GroupWrite,
        FloorOperation::Lock,
    ] {
        let request = floor_of(operation, project.id);
        let floor = world.store.floors.measure_floor(request, world.clock.now_ms()).await.expect("a floor");
        assert_eq!(floor.rounds, 40, "{operation:?}");
        assert!(floor.elapsed_us > 0 && floor.p99_ns >= floor.p50_ns && floor.p50_ns > 0);
    }
    let found = world.store.search.search(SearchQuery {
        request: search_for("floor"),
        scopes: None,
        now_ms: world.clock.now_ms(),
        deadline: Instant::now() + Duration::from_secs(20),
    });
    assert_eq!(found.await.expect("a page").hits.len(), 0);
    let all = ListFileLocks { project_id: None, agent_id: None, session_id: None, limit: 10, offset: 0 };
    let locks = world.store.locks.file_locks(all, world.clock.now_ms()).await.expect("a page");
    assert_eq!(locks.locks, []);
    let projects = ListProjects { org_id: None, limit: 10, offset: 0 };
    let projects = world.store.scopes.projects(projects).await.expect("a page");
    assert_eq!(projects.projects.len(), 1);
}

pub(crate) async fn a_floor_of_nothing_is_refused(world: World) {
    let project = world.project("bench").await;
    for request in [
        floor_of(FloorOperation::SimpleRead, project.id),
        floor_of(FloorOperation::Write, world.clock.new_id()),
    ] {
        let refused = world.store.floors.measure_floor(request, world.clock.now_ms()).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
}
