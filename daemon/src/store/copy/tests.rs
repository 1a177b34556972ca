//! A store with a little of everything goes to PostgreSQL and back, and is the same.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    model::{EntryKind, Id, Json, Node, Relation, RelationKind, ScopeRef, Tag, TagCategory},
    request::Search,
};
use agent_memory_testbed::Postgres;

use super::{CopyReport, Progress, Unseen, compare, copy};
use crate::{
    actors::block_on,
    clock::Clock,
    store::{
        IdempotencyKey, LockClaim, LockOwner, SearchQuery, Store, StoreError, TaskChange, TaskWrite, Write,
        contract::{
            World,
            fixtures::{guideline, knowledge, new_content},
            tasks,
        },
        postgres::{self, PostgresOptions, PostgresSide},
        sqlite::{self, SqliteOptions, SqliteSide},
    },
};

/// Does something once so many rows went over.
struct After<F: FnMut()>(u64, F);

impl<F: FnMut()> Progress for After<F> {
    fn begin(&mut self, _: &str, _: u64) {}
    fn advance(&mut self, rows: u64) {
        if self.0 > 0 && self.0 <= rows {
            (self.1)();
        }
        self.0 = self.0.saturating_sub(rows);
    }
}

async fn fill(world: &World) {
    let org = world.org("acme").await;
    let early = world.project("early").await;
    let mut project = world.project_named("app");
    (project.org_id, project.root_path) = (Some(org.id), Some("/home/ada/app".to_owned()));
    project.metadata = Some(Json(r#"{"n":1}"#.to_owned()));
    let project = world.create_project(project).await;
    let session = world.session(Some(project.id)).await;
    world.session(None).await;
    permit(world, ScopeRef::session(session.id)).await;
    let scopes = [
        ScopeRef::GLOBAL,
        ScopeRef::org(org.id),
        ScopeRef::project(early.id),
        ScopeRef::project(project.id),
        ScopeRef::session(session.id),
    ];
    for (number, scope) in scopes.iter().cycle().take(60).enumerate() {
        world.clock.advance(1);
        let mut draft = guideline(*scope, &format!("rule {number} größe 日本"), 7);
        draft.tags = vec!["a".to_owned(), format!("tag \"{number}\", ünicode")];
        draft.metadata = Some(Json(format!(r#"{{"n":{number}}}"#)));
        draft.category = Some("style".to_owned());
        let added = world.add(draft).await;
        if number % 3 == 0 {
            world.update(added.id, new_content("Said anew by ada", "ada")).await;
            // Within the conflict window, by another agent.
            world.update(added.id, new_content("Said otherwise by bob", "bob")).await;
        }
        if number % 10 == 0 {
            world.write(world.deactivating(EntryKind::Guideline, added.id)).await.unwrap();
        }
        let mut fact = knowledge(*scope, &format!("fact {number}"));
        if let agent_memory_proto::model::EntryBody::Knowledge {
            confidence,
            valid_from_ms,
            invalidated_by,
            ..
        } = &mut fact.body
        {
            (*confidence, *valid_from_ms, *invalidated_by) = (0.1, Some(-5), Some(added.id));
        }
        let key = IdempotencyKey { key: world.clock.new_id(), fingerprint: u64::MAX - number as u64 };
        world.write_keyed(world.adding(fact), Some(key)).await.unwrap();
    }
    add_tasks(world, &scopes).await;
    relate_and_tag(world, project.id).await;
    remove_and_move(world, scopes[1], early.id).await;
}

/// What agents may do, and who they are.
async fn permit(world: &World, scope: ScopeRef) {
    for kind in [None, Some(EntryKind::Tool)] {
        let permission = agent_memory_proto::model::Permission {
            id: world.clock.new_id(),
            agent_id: "ada".to_owned(),
            scope,
            kind,
            level: agent_memory_proto::model::PermissionLevel::Write,
            created_by: None,
            created_at_ms: world.clock.now_ms(),
        };
        world.write(Write::SetPermission(permission)).await.unwrap();
    }
    let agents = ["ada", "größe"].map(|name| Write::RegisterAgent(world.known_agent(name, name)));
    for agent in agents {
        world.write(agent).await.unwrap();
    }
}

/// Tasks with parts, that wait for each other, in versions.
async fn add_tasks(world: &World, scopes: &[ScopeRef]) {
    let mut last = None;
    for (number, scope) in scopes.iter().enumerate() {
        let mut details = tasks::details(&format!("task {number} größe"));
        details.tags = vec!["a".to_owned(), "ünicode \"quoted\"".to_owned()];
        details.due_at_ms = Some(-5);
        let task = tasks::add(world, *scope, details).await.id;
        if let Some(blocker_id) = last.replace(task) {
            let change = TaskChange {
                id: task,
                version_id: world.clock.new_id(),
                updated_by: Some("bob".to_owned()),
                change_reason: None,
            };
            world.write(Write::Task(TaskWrite::AddBlocker { change, blocker_id })).await.unwrap();
        }
    }
}

/// Relations of both kinds of ends, and tags that somebody said something of.
async fn relate_and_tag(world: &World, project: Id) {
    let rule = world.find("rule 5 größe 日本", &[ScopeRef::GLOBAL]).await.expect("there");
    let rule = Node::entry(EntryKind::Guideline, rule.id);
    for (target, kind) in [(Node::project(project), RelationKind::AppliesTo), (rule, RelationKind::RelatedTo)]
    {
        let relation = Relation {
            id: world.clock.new_id(),
            source: rule,
            target,
            kind,
            metadata: Some(Json(r#"{"n":2}"#.to_owned())),
            created_at_ms: world.clock.now_ms(),
            created_by: Some("ada".to_owned()),
        };
        world.write(Write::CreateRelation(relation)).await.expect("related");
    }
    let tag = Tag {
        id: world.clock.new_id(),
        name: "a".to_owned(),
        category: TagCategory::Meta,
        description: Some("größe".to_owned()),
        is_predefined: true,
        created_at_ms: world.clock.now_ms(),
    };
    world.write(Write::CreateTag(tag)).await.expect("a tag");
}

/// An entry goes, and a project comes below an organisation that is younger than it.
async fn remove_and_move(world: &World, scope: ScopeRef, project: Id) {
    let gone = world.find("rule 1 größe 日本", &[scope]).await.unwrap();
    let delete = Write::DeleteEntries {
        kind: EntryKind::Guideline,
        ids: vec![gone.id],
        bulk: false,
        deleted_by: None,
    };
    world.write(delete).await.unwrap();
    let moved = agent_memory_proto::request::UpdateProject {
        id: project,
        name: None,
        org_id: Some(Some(world.org("later").await.id)),
        description: None,
        root_path: None,
        metadata: None,
    };
    world.write(Write::UpdateProject(moved)).await.unwrap();
}

async fn found(store: &Store, query: &str) -> Vec<String> {
    let query = SearchQuery {
        request: Search { limit: 20, ..Search::new(query, None) },
        scopes: None,
        now_ms: 2_000_000_000_000,
        deadline: Instant::now() + Duration::from_secs(20),
    };
    store.search.search(query).await.unwrap().hits.into_iter().map(|hit| hit.name).collect()
}

struct Stores {
    first: tempfile::TempDir,
    second: tempfile::TempDir,
    server: Postgres,
}

impl Stores {
    fn new() -> Self {
        let directory = || tempfile::tempdir().unwrap();
        Self { first: directory(), second: directory(), server: Postgres::start().unwrap() }
    }

    fn postgres(&self) -> PostgresOptions {
        PostgresOptions::new(self.server.url("postgres").parse().unwrap())
    }

    async fn filled(&self) {
        let (world, handle) = sqlite::tests::open(SqliteOptions::new(self.first.path()));
        fill(&world).await;
        handle.close().await;
    }

    async fn to_postgres(&self, progress: &mut dyn Progress) -> Result<CopyReport, StoreError> {
        let clock = Clock::system();
        let mut source = SqliteSide::open(SqliteOptions::new(self.first.path()), clock.clone())?.unwrap();
        let mut target = PostgresSide::target(self.postgres(), clock).await?;
        copy(&mut source, &mut target, progress).await
    }

    async fn back(&self, progress: &mut dyn Progress) -> Result<CopyReport, StoreError> {
        let clock = Clock::system();
        let mut source = PostgresSide::open(self.postgres(), clock.clone()).await?.unwrap();
        let mut target = SqliteSide::target(SqliteOptions::new(self.second.path()), clock);
        copy(&mut source, &mut target, progress).await
    }

    fn rows(&self) -> String {
        let sql = "SELECT (SELECT count(*) FROM scopes), (SELECT count(*) FROM entries), \
                   (SELECT count(*) FROM entry_index), (SELECT count(*) FROM idempotency_keys)";
        self.server.sql("postgres", sql).unwrap().trim().to_owned()
    }
}

#[test]
fn a_store_goes_there_and_back_and_is_the_same() {
    let stores = Stores::new();
    block_on(async {
        stores.filled().await;
        let there = stores.to_postgres(&mut Unseen).await.unwrap();
        assert!(there.is_same(), "{there}");
        assert!(there.tables.iter().all(|table| table.from.rows > 0), "{there}");
        let again = stores.to_postgres(&mut Unseen).await.unwrap_err();
        assert!(again.to_string().contains("is not empty: it has 7 in scopes"), "{again}");
        let back = stores.back(&mut Unseen).await.unwrap();
        assert!(back.is_same(), "{back}");
        for (there, back) in there.tables.iter().zip(&back.tables) {
            assert_eq!(there.from, back.from, "{}", there.name);
        }
        sqlite::tests::audit(&SqliteOptions::new(stores.second.path()));

        let (first, first_handle) = sqlite::tests::open(SqliteOptions::new(stores.first.path()));
        let (second, second_handle) = sqlite::tests::open(SqliteOptions::new(stores.second.path()));
        let (server, server_handle) = postgres::tests::open(stores.postgres()).await;
        for query in ["größe", "otherwise", "\"said otherwise\"", "日本"] {
            let expected = found(&first.store, query).await;
            assert!(!expected.is_empty(), "{query}");
            assert_eq!(found(&second.store, query).await, expected, "{query}");
            let mut on_server = found(&server.store, query).await;
            assert_eq!(on_server.len(), expected.len(), "{query}");
            on_server.sort();
            let mut expected = expected;
            expected.sort();
            assert!(expected.len() == 20 || on_server == expected, "{query}");
        }
        let health = server.store.health.probe().await.unwrap().0;
        assert_eq!(health.entries, first.store.health.probe().await.unwrap().0.entries);
        // Row ids that were copied are not given out again.
        server.add(guideline(ScopeRef::GLOBAL, "new here", 1)).await;
        second.add(guideline(ScopeRef::GLOBAL, "new here", 1)).await;
        first_handle.close().await;
        second_handle.close().await;
        server_handle.close().await;
    })
    .unwrap();
}

/// Checks a file out; the token of the lock.
async fn locked(world: &World, path: &str) -> u64 {
    let claim = LockClaim {
        id: world.clock.new_id(),
        path: path.to_owned(),
        owner: LockOwner { agent_id: "ada".to_owned(), session_id: None },
        project_id: None,
        reason: None,
        metadata: None,
        ttl_ms: 3_600_000,
        ticket: None,
    };
    match world.write(Write::CheckoutFile(claim)).await {
        Ok(agent_memory_proto::Response::CheckedOut(checked_out)) => checked_out.lock.token,
        other => panic!("not checked out: {other:?}"),
    }
}

#[test]
fn locks_are_not_copied_and_their_tokens_go_on() {
    let stores = Stores::new();
    block_on(async {
        let (world, handle) = sqlite::tests::open(SqliteOptions::new(stores.first.path()));
        let mut last = 0;
        for number in 0..5 {
            last = locked(&world, &format!("/{number}")).await;
        }
        handle.close().await;
        assert!(stores.to_postgres(&mut Unseen).await.unwrap().is_same());
        let (server, handle) = postgres::tests::open(stores.postgres()).await;
        assert_eq!(server.store.locks.file_lock("/1".to_owned(), 0).await.unwrap(), None);
        let next = locked(&server, "/1").await;
        assert!(next > last, "{next} after {last}");
        handle.close().await;
        assert!(stores.back(&mut Unseen).await.unwrap().is_same());
        let (world, handle) = sqlite::tests::open(SqliteOptions::new(stores.second.path()));
        let again = locked(&world, "/1").await;
        assert!(again > next, "{again} after {next}");
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn a_copy_that_breaks_leaves_nothing_behind() {
    let stores = Stores::new();
    block_on(async {
        stores.filled().await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE application_name = 'agent-memoryd' AND pid <> pg_backend_pid()";
        let mut killing = After(80, || drop(stores.server.sql("postgres", kill).unwrap()));
        stores.to_postgres(&mut killing).await.unwrap_err();
        assert_eq!(stores.rows(), "1|0|0|0");
        assert!(stores.to_postgres(&mut Unseen).await.unwrap().is_same(), "and it can be done again");

        let mut killing = After(80, || drop(stores.server.sql("postgres", kill).unwrap()));
        stores.back(&mut killing).await.unwrap_err();
        assert!(stores.back(&mut Unseen).await.unwrap().is_same(), "nothing was left there");
    })
    .unwrap();
}

#[test]
fn a_comparison_tells_what_differs_and_writes_nothing() {
    let stores = Stores::new();
    block_on(async {
        stores.filled().await;
        let clock = Clock::system();
        let mut source =
            SqliteSide::open(SqliteOptions::new(stores.first.path()), clock.clone()).unwrap().unwrap();
        assert!(PostgresSide::open(stores.postgres(), clock.clone()).await.unwrap().is_none());
        let place = stores.postgres().location();
        let nowhere: Option<&mut PostgresSide> = None;
        let report = compare(&mut source, nowhere, place.clone(), &mut Unseen).await.unwrap();
        assert!(report.is_target_empty() && !report.is_same());
        drop(source);
        stores.to_postgres(&mut Unseen).await.unwrap();
        stores.server.sql("postgres", "UPDATE entries SET category = 'other' WHERE rowid = 5").unwrap();
        let mut source =
            SqliteSide::open(SqliteOptions::new(stores.first.path()), clock.clone()).unwrap().unwrap();
        let mut target = PostgresSide::open(stores.postgres(), clock).await.unwrap();
        let report = compare(&mut source, target.as_mut(), place, &mut Unseen).await.unwrap();
        let different: Vec<&str> =
            report.tables.iter().filter(|table| !table.is_same()).map(|table| table.name).collect();
        assert_eq!(different, ["entries"]);
        assert!(!report.is_target_empty());
    })
    .unwrap();
}
