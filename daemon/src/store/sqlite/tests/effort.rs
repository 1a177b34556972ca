//! Reads touch what they answer with and no more, however much the store holds, and whatever the
//! planner believes about it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use agent_memory_proto::{
    model::{EntryKind, Id, ScopeRef},
    request::{GetProject, ListProjects, ListSessions},
};
use rusqlite::{
    Connection, StatementStatus,
    trace::{TraceEvent, TraceEventCodes},
};

use super::open;
use crate::{
    actors::block_on,
    store::{
        ListQuery, StoreError, Write,
        contract::fixtures::{World, guideline},
        sqlite::{
            SqliteOptions, connection,
            reads::{entries, list, projects, sessions},
            scope_keys,
        },
    },
};

const PROJECTS: usize = 25;
const ENTRIES_EACH: usize = 200;
/// A scan of all entries takes at least ten times as many.
const STEPS_MAX: i32 = 5_000;

/// What the reads need to know of the store.
struct Seeded {
    project: Id,
    session: Id,
    entry: Id,
    chain: Vec<ScopeRef>,
}

async fn seed(world: &World) -> Seeded {
    let mut seeded = None;
    for number in 0..PROJECTS {
        let project = world.project(&format!("project {number}")).await;
        let session = world.session(Some(project.id)).await;
        let scope = ScopeRef::project(project.id);
        let draft = |entry: usize| guideline(scope, &format!("rule {entry}"), 50);
        for first in (0..ENTRIES_EACH).step_by(100) {
            let entries = (first..first + 100).map(|entry| world.new_entry(draft(entry))).collect();
            world.write(Write::AddEntries { entries, bulk: true }).await.unwrap();
        }
        let entry = world.add(guideline(ScopeRef::session(session.id), "rule 0", 50)).await.id;
        world.add(guideline(ScopeRef::GLOBAL, &format!("rule {number}"), 50)).await;
        let chain = vec![ScopeRef::session(session.id), scope, ScopeRef::GLOBAL];
        seeded = Some(Seeded { project: project.id, session: session.id, entry, chain });
    }
    seeded.unwrap()
}

/// Counts the steps of every statement of a connection.
fn count_steps(connection: &mut Connection) -> Arc<Mutex<BTreeMap<String, i32>>> {
    let steps = Arc::<Mutex<BTreeMap<String, i32>>>::default();
    let counted = Arc::clone(&steps);
    let count = move |event: TraceEvent<'_>| {
        if let TraceEvent::Profile(statement, _) = event {
            let total = statement.get_status(StatementStatus::VmStep);
            counted.lock().unwrap().insert(statement.sql().into_owned(), total);
        }
    };
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(count)).unwrap();
    steps
}

fn read_everything(connection: &Connection, seeded: &Seeded) -> Result<(), StoreError> {
    let kind = EntryKind::Guideline;
    entries::by_id(connection, kind, seeded.entry)?.expect("the entry");
    entries::by_name(connection, kind, "rule 7", &seeded.chain, false)?.expect("the entry");
    entries::history(connection, kind, seeded.entry, 10, 0)?.expect("a history");
    entries::next_validity_change(connection, 0)?;
    for scopes in [None, Some(seeded.chain[1..2].to_vec()), Some(seeded.chain.clone())] {
        let query = ListQuery { kind, scopes, include_inactive: false, category: None, limit: 20, offset: 0 };
        assert_eq!(list::page(connection, &query)?.entries.len(), 20);
    }
    scope_keys::chain(connection, &seeded.chain[0])?.expect("a chain");
    sessions::by_id(connection, seeded.session)?.expect("the session");
    let project = GetProject { id: Some(seeded.project), root_path: None, name: None, org_id: None };
    projects::find(connection, &project)?.expect("the project");
    let by_name = GetProject { id: None, name: Some("project 3".to_owned()), ..project };
    projects::find(connection, &by_name)?.expect("the project");
    projects::page(connection, &ListProjects { org_id: None, limit: 5, offset: 0 })?;
    let list = ListSessions { project_id: Some(seeded.project), status: None, limit: 5, offset: 0 };
    sessions::page(connection, &list)?;
    sessions::page(connection, &ListSessions { project_id: None, ..list })?;
    Ok(())
}

#[test]
fn reads_take_few_steps_before_and_after_an_analysis() {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path());
    block_on(async {
        let (world, handle) = open(options.clone());
        let seeded = seed(&world).await;
        handle.close().await;
        for is_analysed in [false, true] {
            let mut connection = connection::open_writer(&options).unwrap();
            if is_analysed {
                connection.execute_batch("ANALYZE").unwrap();
            }
            let steps = count_steps(&mut connection);
            read_everything(&connection, &seeded).unwrap();
            let steps = steps.lock().unwrap();
            assert!(steps.len() >= 12, "the reads are counted: {}", steps.len());
            for (sql, steps) in &*steps {
                assert!(*steps < STEPS_MAX, "{steps} steps, analysed: {is_analysed}: {sql}");
            }
        }
    })
    .unwrap();
}
