//! What reading costs in small and large stores, and by which plans. A test run checks the plans on a
//! small store; `scripts/measure-growth` measures on larger ones.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use agent_memory_proto::model::{EntryBody, EntryKind, Id, ScopeRef};
use agent_memory_testbed::{Postgres, PostgresOptions as ServerOptions};
use futures_util::SinkExt;
use tokio_postgres::NoTls;
use uuid::Uuid;

use super::{corpus, open};
use crate::{
    actors::block_on,
    store::{
        ListQuery, SearchQuery,
        contract::{START_MS, World, search::search_for},
        postgres::{
            PostgresOptions,
            columns::text_key,
            reads::list,
            search::{index::IndexRow, statements},
        },
    },
    text::entry::IndexedEntry,
};

/// Entries of one project.
const PER_PROJECT: u64 = 2_000;
const SAMPLES: u64 = 240;

/// The parameters of a list of a project's entries.
const LISTED: &str = "s (int2, int8, int8, int2[], uuid[])";

/// A store of so many entries.
struct Filled {
    server: Postgres,
    entries: u64,
    projects: u64,
}

fn uuid_of(number: u64) -> Uuid {
    Uuid::from_u128((1 << 100) | u128::from(number))
}

fn project_id(number: u64) -> Id {
    Uuid::from_u128((2 << 100) | u128::from(number)).into()
}

impl Filled {
    fn new(entries: u64) -> Self {
        // A large store is to fit, so that what is measured is not the disk.
        let buffers = if entries < 100_000 { "256MB" } else { "4GB" };
        let options = ServerOptions::default().set("shared_buffers", buffers).set("max_wal_size", "8GB");
        let server = Postgres::start_with(options.set("autovacuum", "off")).unwrap();
        let filled = Self { server, entries, projects: (entries / PER_PROJECT).max(2) };
        block_on(async {
            let (_, handle) = open(filled.options()).await;
            filled.load().await;
            handle.close().await;
        })
        .unwrap();
        filled
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions::new(self.server.url("postgres").parse().unwrap())
    }

    async fn load(&self) {
        let (client, connection) =
            tokio_postgres::connect(&self.server.url("postgres"), NoTls).await.unwrap();
        tokio::spawn(connection);
        let projects = self.projects;
        client.batch_execute("DROP INDEX entry_index_terms").await.unwrap();
        for number in 0..projects {
            let (key, id) = ((number + 2) as i64, Uuid::from(project_id(number)));
            let scope = "INSERT INTO scopes (key, level, id, parent) VALUES ($1, 2, $2, 1)";
            client.execute(scope, &[&key, &id]).await.unwrap();
            let project =
                "INSERT INTO projects (scope, name, created_at_ms, updated_at_ms) VALUES ($1, $2, 0, 0)";
            client.execute(project, &[&key, &format!("project {number}")]).await.unwrap();
        }
        for first in (0..self.entries).step_by(10_000) {
            let (mut entries, mut index) = (String::new(), String::new());
            for number in first..(first + 10_000).min(self.entries) {
                self.push_rows(number, &mut entries, &mut index);
            }
            let into_entries = "COPY entries (rowid, id, kind, scope, name_key, priority, confidence, version, version_id, \
                 created_at_ms, updated_at_ms, version_at_ms, name, tags, content) FROM STDIN";
            copy(&client, into_entries, entries).await;
            copy(&client, "COPY entry_index (entry, tokens, frequencies, terms) FROM STDIN", index).await;
        }
        client
            .batch_execute(
                "SET maintenance_work_mem = '1GB'; \
                 CREATE INDEX entry_index_terms ON entry_index USING gin (terms)",
            )
            .await
            .unwrap();
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        const WARM: &str = "CREATE EXTENSION pg_prewarm; SELECT pg_prewarm(oid) FROM pg_class \
             WHERE relname LIKE 'entr%' AND relkind IN ('r', 'i')";
        client.batch_execute(WARM).await.unwrap();
    }

    fn push_rows(&self, number: u64, entries: &mut String, index: &mut String) {
        let project = number % self.projects;
        let draft = corpus::entry(number, ScopeRef::project(project_id(project)));
        let (id, key, at_ms) = (uuid_of(number), project + 2, START_MS - (self.entries - number) as i64);
        let (priority, confidence, kind) = match &draft.body {
            EntryBody::Guideline { priority, .. } => (priority.to_string(), "\\N", 0),
            EntryBody::Knowledge { .. } => ("\\N".to_owned(), "1", 1),
            EntryBody::Tool { .. } => ("\\N".to_owned(), "\\N", 2),
        };
        let (rowid, name_key, text) = (number + 1, text_key(&draft.name), draft.body.text());
        writeln!(
            entries,
            "{rowid}\t{id}\t{kind}\t{key}\t{name_key}\t{priority}\t{confidence}\t1\t{id}\t{at_ms}\t{at_ms}\t{at_ms}\t{}\t{{{}}}\t{text}",
            draft.name, draft.tags[0],
        )
        .unwrap();
        let text = IndexedEntry::of(&draft.name, &draft.tags, None, &draft.body);
        let row = IndexRow::of(&text, key as i64);
        let frequencies: String = row.frequencies.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(index, "{rowid}\t{}\t\\\\x{frequencies}\t{}", row.tokens, row.terms).unwrap();
    }

    /// How the server goes about a statement.
    fn plan(&self, sql: &str, values: &str) -> String {
        self.plan_of("s", sql, values)
    }

    /// As [`Filled::plan`], with the name of the statement, which the types of its parameters follow.
    fn plan_of(&self, name: &str, sql: &str, values: &str) -> String {
        let explain = format!(
            "SET plan_cache_mode = force_generic_plan; SET jit = off; PREPARE {name} AS {sql}; \
             EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) EXECUTE s ({values})"
        );
        self.server.sql("postgres", &explain).unwrap()
    }

    fn plans(&self) -> Vec<(&'static str, String)> {
        let filters = "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
                       1750000000000, 1750000000000, false, false";
        let word = |rank| format!("'{}'", corpus::word(rank));
        let middling = format!("{} | {} | {}", word(300), word(500), word(700)).replace('\'', "''");
        let common = word(3).replace('\'', "''");
        let inside = format!("'(''S2'' | ''S1'') & ({middling})'");
        let filters_inside = format!("'{{2,1}}', {}", &filters[6..]);
        let scopes = format!("0, 21, 0, '{{2,0}}', '{{{},{}}}'", Uuid::from(project_id(0)), Uuid::nil());
        let some = "'{1,21,41,61,81,101,121,141,161,181,201,221,241,261,281,301,321,341,361,381}'";
        vec![
            ("scored, everywhere", self.plan(statements::scored(), &format!("'{middling}'"))),
            ("scored, in the scopes of a project", self.plan(statements::scored(), &inside)),
            (
                "scored and filtered, in the scopes of a project",
                self.plan(statements::filtered(), &format!("{filters_inside}, {inside}")),
            ),
            ("passed", self.plan(statements::passed(), &format!("{filters_inside}, {some}"))),
            (
                "latest, among the latest 1,000",
                self.plan(statements::latest_among(), &format!("{filters}, '{common}', 21, 1000")),
            ),
            (
                "latest, among the latest of a project",
                self.plan(
                    statements::latest_among_scopes(),
                    &format!("{filters_inside}, '{common}', 21, 200"),
                ),
            ),
            ("latest, among all", self.plan(statements::latest(), &format!("{filters}, '{common}', 21"))),
            ("latest change, without words", self.plan(statements::changed(), &format!("{filters}, 21"))),
            ("hits", self.plan(statements::hits(), some)),
            ("list, in the scopes of a project", self.plan_of(LISTED, &list::of_project(), &scopes)),
        ]
    }
}

async fn copy(client: &tokio_postgres::Client, sql: &str, rows: String) {
    let sink = client.copy_in::<_, bytes::Bytes>(sql).await.unwrap();
    let mut sink = std::pin::pin!(sink);
    sink.send(rows.into()).await.unwrap();
    sink.finish().await.unwrap();
}

/// The middle of the times that something takes, in microseconds.
async fn median<F: Future<Output = ()>>(mut once: impl FnMut(u64) -> F) -> u128 {
    let mut times = Vec::new();
    for number in 0..SAMPLES {
        let started = Instant::now();
        once(number).await;
        times.push(started.elapsed().as_micros());
    }
    times.split_off(SAMPLES as usize / 4).select_nth_unstable(SAMPLES as usize * 3 / 8).1.to_owned()
}

async fn search(world: &World, query: String, scopes: Option<Vec<ScopeRef>>) {
    let page = world.store.search.search(SearchQuery {
        request: search_for(&query),
        scopes,
        now_ms: START_MS,
        deadline: Instant::now() + Duration::from_secs(60),
    });
    page.await.unwrap();
}

/// Medians of a read by id, of a list, of a search everywhere and in a project, and each kind of
/// query.
async fn measure(filled: &Filled, world: &World) -> String {
    let mut line = format!("{:>9}", filled.entries);
    let scope = |number: u64| ScopeRef::project(project_id(number % filled.projects));
    let get = median(async |number| {
        let id = uuid_of(number * 7_919 % filled.entries).into();
        let kind = EntryKind::ALL[(number * 7_919 % filled.entries % 3) as usize];
        assert!(world.get(kind, id).await.is_some());
    });
    let get = get.await;
    let list = median(async |number| {
        let query = ListQuery {
            kind: EntryKind::Guideline,
            scopes: Some(vec![scope(number), ScopeRef::GLOBAL]),
            include_inactive: false,
            category: None,
            limit: 20,
            offset: 0,
        };
        assert_eq!(world.store.entries.list(query).await.unwrap().entries.len(), 20);
    });
    let list = list.await;
    let all = median(async |number| search(world, corpus::query(number), None).await).await;
    let inside = median(async |number| {
        search(world, corpus::query(number), Some(vec![scope(number), ScopeRef::GLOBAL])).await;
    });
    let inside = inside.await;
    write!(line, " {get:>7} {list:>7} {all:>9} {inside:>9}  ").unwrap();
    for kind in [0, 1, 3, 4, 5, 6, 7] {
        let all = median(async |number| search(world, corpus::query(number * 8 + kind), None).await).await;
        let inside = median(async |number| {
            search(world, corpus::query(number * 8 + kind), Some(vec![scope(number), ScopeRef::GLOBAL]))
                .await;
        });
        write!(line, " {all:>6}/{:<6}", inside.await).unwrap();
    }
    line
}

#[test]
fn the_plans_are_those_of_large_stores() {
    let sizes = std::env::var("GROWTH_ENTRIES").unwrap_or_else(|_| "3000".to_owned());
    println!(
        "  entries     get    list everywhere in project | everywhere/in project: rare, three middling, \
         common + rare, common + middling + rare, common, two common, mixed (medians, us)"
    );
    for entries in sizes.split(',').map(|size| size.parse().unwrap()) {
        let started = Instant::now();
        let filled = Filled::new(entries);
        let loaded = started.elapsed();
        let line = block_on(async {
            let (world, handle) = open(filled.options()).await;
            let line = measure(&filled, &world).await;
            handle.close().await;
            line
        });
        println!("{}   (loaded in {} s)", line.unwrap(), loaded.as_secs());
        let plans = filled.plans();
        for (name, plan) in &plans {
            let has_index = plan.contains("entry_index_terms") || plan.contains("entry_index_pkey");
            assert!(has_index || !name.starts_with("scored"), "{name}: {plan}");
            let walks_through_entries = plan.contains("Seq Scan on entries");
            assert!(!walks_through_entries || name.starts_with("latest change"), "{name}: {plan}");
            let is_in_order = plan.contains("entries_in_scope") && !plan.contains("Incremental Sort");
            assert!(is_in_order || !name.starts_with("list"), "{name}: {plan}");
            let is_walk = plan.contains("Index Only Scan Backward using entries_by_scope");
            assert!(is_walk || !name.ends_with("latest of a project"), "{name}: {plan}");
            if sizes.contains(',') {
                println!("{entries}: {name}\n{plan}\n");
            }
        }
    }
}
