//! Common words: a search by words that most entries have is ranked in tiers. Every entry is
//! found, once, over all pages, and those named by a word come first.

use std::collections::BTreeSet;

use agent_memory_proto::{
    model::{EntryBody, ScopeRef},
    response::Hit,
};

use super::{World, guideline, search::search_for};
use crate::store::{SearchQuery, Write};

const ENTRIES: usize = 2_500;

/// Entries that all say "daemon", some "socket", and one is named after the daemon.
async fn filled(world: &World, scope: ScopeRef) {
    for chunk in (0..ENTRIES).collect::<Vec<_>>().chunks(100) {
        let drafts = chunk.iter().map(|number| {
            let name = if *number == 7 { "daemon".to_owned() } else { format!("note {number}") };
            let mut draft = guideline(scope, &name, 50);
            let socket = if number % 2 == 0 { "socket" } else { "pipe" };
            let rare = if *number == 11 { "hedgehog" } else { "" };
            if let EntryBody::Guideline { content, .. } = &mut draft.body {
                *content = format!("the daemon listens on its {socket} {rare}");
            }
            world.new_entry(draft)
        });
        world.write(Write::AddEntries { entries: drafts.collect(), bulk: true }).await.expect("added");
    }
}

async fn every_page(world: &World, scope: ScopeRef, query: &str) -> Vec<Hit> {
    let mut request = search_for(query);
    request.limit = 100;
    let mut hits = Vec::new();
    loop {
        let found = world.store.search.search(SearchQuery {
            request: request.clone(),
            scopes: Some(vec![scope]),
            now_ms: world.clock.now_ms(),
            deadline: std::time::Instant::now() + std::time::Duration::from_secs(60),
        });
        let page = found.await.expect("a page");
        hits.extend(page.hits);
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return hits,
        }
    }
}

pub(crate) async fn entries_with_all_the_common_words_come_before_those_with_one(world: World) {
    let scope = ScopeRef::project(world.project("common").await.id);
    filled(&world, scope).await;
    let hits = every_page(&world, scope, "socket listens pipe").await;
    assert_eq!(hits.len(), ENTRIES);
    let (wide, narrow) = (scope, ScopeRef::project(world.project("narrow").await.id));
    for (name, text) in [("one", "a socket"), ("both", "a socket beside a pipe"), ("none", "nothing")] {
        let mut draft = guideline(narrow, name, 50);
        if let EntryBody::Guideline { content, .. } = &mut draft.body {
            text.clone_into(content);
        }
        world.add(draft).await;
    }
    let names = |hits: Vec<Hit>| hits.into_iter().map(|hit| hit.name).collect::<Vec<_>>();
    // The narrow scope is ranked exactly, whatever the rest of the store has.
    assert_eq!(names(every_page(&world, narrow, "socket pipe").await), ["both", "one"]);
    let mut draft = guideline(wide, "wide", 50);
    if let EntryBody::Guideline { content, .. } = &mut draft.body {
        "the daemon has both a pipe and a socket".clone_into(content);
    }
    world.add(draft).await;
    assert_eq!(every_page(&world, wide, "socket pipe").await[0].name, "wide");
}

pub(crate) async fn common_words_find_every_entry_once_and_names_come_first(world: World) {
    let scope = ScopeRef::project(world.project("common").await.id);
    filled(&world, scope).await;
    for (query, first) in [("daemon", "daemon"), ("hedgehog daemon socket", "note 11")] {
        let hits = every_page(&world, scope, query).await;
        assert_eq!(hits[0].name, first, "{query}");
        assert_eq!(hits.len(), ENTRIES, "{query}");
        let distinct: BTreeSet<_> = hits.iter().map(|hit| hit.id).collect();
        assert_eq!(distinct.len(), ENTRIES, "{query}");
    }
}
