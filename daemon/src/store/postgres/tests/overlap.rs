//! Both backends find the same: one corpus in both, and the first ten hits of many queries compared.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    model::{Id, ScopeRef},
    request::Search,
};
use agent_memory_testbed::Postgres;

use super::{corpus, open};
use crate::{
    actors::block_on,
    store::{
        NewEntry, SearchQuery, Write,
        contract::{World, fixtures::knowledge, search::search_for},
        postgres::PostgresOptions,
        sqlite::{self, SqliteOptions},
    },
};

const ENTRIES: u64 = 3_000;
const PROJECTS: usize = 6;
const QUERIES: u64 = 640;
const TOP: u32 = 10;
/// Of the first ten, so many are the same, on average.
const OVERLAP_MIN: f64 = 0.95;

/// Projects of both stores, with the same entries.
async fn fill(one: &World, other: &World) -> Vec<ScopeRef> {
    let mut scopes = vec![ScopeRef::GLOBAL];
    for index in 1..PROJECTS {
        let project = one.project_named(&format!("project {index}"));
        scopes.push(ScopeRef::project(project.id));
        one.create_project(project.clone()).await;
        other.create_project(project).await;
    }
    let in_scope = |number: u64| scopes[number as usize % scopes.len()];
    let mut drafts: Vec<_> = (0..ENTRIES).map(|number| corpus::entry(number, in_scope(number))).collect();
    for (number, (name, text)) in recall_documents().into_iter().enumerate() {
        let mut draft = knowledge(in_scope(number as u64), &name);
        if let agent_memory_proto::model::EntryBody::Knowledge { content, .. } = &mut draft.body {
            *content = text;
        }
        drafts.push(draft);
    }
    for chunk in drafts.chunks(100) {
        let entries: Vec<NewEntry> = chunk.iter().map(|draft| one.new_entry(draft.clone())).collect();
        let write = Write::AddEntries { entries, bulk: true };
        one.write(write.clone()).await.unwrap();
        other.write(write).await.unwrap();
        one.clock.advance(1_000);
        other.clock.advance(1_000);
    }
    scopes
}

fn recall_lines(file: &str) -> Vec<serde_json::Value> {
    let path = format!("{}/../tests/data/recall/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn recall_documents() -> Vec<(String, String)> {
    let text = |line: &serde_json::Value, field: &str| line[field].as_str().unwrap().to_owned();
    recall_lines("documents.jsonl").iter().map(|line| (text(line, "name"), text(line, "text"))).collect()
}

/// Words of the corpus, phrases and prefixes of them, and what people ask for.
fn queries() -> Vec<String> {
    let made = (0..QUERIES).map(|number| match (number % 10, corpus::query(number)) {
        (8, query) => format!("{}*", &query[..5]),
        (9, _) => {
            let content = corpus::entry(number, ScopeRef::GLOBAL).body.text().to_owned();
            let words: Vec<&str> = content.split(' ').skip(3).take(2).collect();
            format!("\"{}\"", words.join(" "))
        }
        (_, query) => query,
    });
    let asked = recall_lines("queries.jsonl");
    made.chain(asked.iter().map(|line| line["query"].as_str().unwrap().to_owned())).collect()
}

async fn top(world: &World, query: &str, scopes: Option<Vec<ScopeRef>>) -> Vec<Id> {
    let page = world.store.search.search(SearchQuery {
        request: Search { limit: TOP, ..search_for(query) },
        scopes,
        now_ms: world.clock.now_ms(),
        deadline: Instant::now() + Duration::from_secs(60),
    });
    page.await.unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

async fn overlap(one: &World, other: &World, scopes: &[ScopeRef]) -> f64 {
    let mut total = 0.0;
    let mut differing = Vec::new();
    let queries = queries();
    assert!(queries.len() >= 500);
    for (number, query) in queries.iter().enumerate() {
        let scope = scopes[number % scopes.len()];
        let within = (number % 2 == 0).then(|| vec![scope, ScopeRef::GLOBAL]);
        let (left, right) = (top(one, query, within.clone()).await, top(other, query, within).await);
        let common = left.iter().filter(|id| right.contains(id)).count();
        let share = if left.is_empty() && right.is_empty() {
            1.0
        } else {
            common as f64 / left.len().max(right.len()) as f64
        };
        if share < 1.0 {
            differing.push(format!("{share:.1} {query}"));
        }
        total += share;
    }
    let mean = total / queries.len() as f64;
    differing.sort();
    println!(
        "{} queries, mean overlap {mean:.4}; {} differ: {}",
        queries.len(),
        differing.len(),
        differing.join(", ")
    );
    mean
}

#[test]
fn both_backends_find_the_same_first_ten() {
    let directory = tempfile::tempdir().unwrap();
    let server = Postgres::start().unwrap();
    block_on(async {
        let (here, handle) = sqlite::tests::open(SqliteOptions::new(directory.path()));
        let options = PostgresOptions::new(server.url("postgres").parse().unwrap());
        let (there, other_handle) = open(options.clone()).await;
        let scopes = fill(&here, &there).await;
        let counted = overlap(&here, &there, &scopes).await;
        assert!(counted >= OVERLAP_MIN, "{counted} without the server's statistics");
        server.sql("postgres", "ANALYZE entry_index").unwrap();
        // A daemon that begins with the server's statistics.
        let (again, again_handle) = open(options).await;
        again.clock.advance(there.clock.now_ms() - again.clock.now_ms());
        let gathered = overlap(&here, &again, &scopes).await;
        assert!(gathered >= OVERLAP_MIN, "{gathered} with the server's statistics");
        handle.close().await;
        other_handle.close().await;
        again_handle.close().await;
    })
    .unwrap();
}
