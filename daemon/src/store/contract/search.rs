//! Search: what is found, what is left out, in which order, page by page.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    model::{EntryBody, EntryKind, Id, Project, ScopeRef},
    request::{EntryDraft, Search, TagFilter},
    response::SearchPage,
};

use super::fixtures::{START_MS, World, guideline, knowledge, new_content};
use crate::store::{SearchQuery, StoreError, Write};

pub(crate) fn search_for(query: &str) -> Search {
    Search::new(query, None)
}

impl World {
    async fn try_search(
        &self,
        request: Search,
        scopes: Option<&[ScopeRef]>,
    ) -> Result<SearchPage, StoreError> {
        let query = SearchQuery {
            request,
            scopes: scopes.map(<[_]>::to_vec),
            now_ms: self.clock.now_ms(),
            deadline: Instant::now() + Duration::from_secs(20),
        };
        self.store.search.search(query).await
    }

    /// The ids of the hits everywhere.
    pub(crate) async fn hits(&self, request: Search) -> Vec<Id> {
        let page = self.try_search(request, None).await.expect("a page");
        page.hits.into_iter().map(|hit| hit.id).collect()
    }

    async fn names(&self, request: Search, scopes: Option<&[ScopeRef]>) -> Vec<String> {
        let page = self.try_search(request, scopes).await.expect("a page");
        page.hits.into_iter().map(|hit| hit.name).collect()
    }

    async fn found(&self, query: &str) -> Vec<String> {
        self.names(search_for(query), None).await
    }

    async fn add_text(&self, scope: ScopeRef, title: &str, text: &str) -> Id {
        self.add(knowing(scope, title, text, None, None)).await.id
    }
}

fn knowing(scope: ScopeRef, title: &str, text: &str, from: Option<i64>, until: Option<i64>) -> EntryDraft {
    let mut draft = knowledge(scope, title);
    if let EntryBody::Knowledge { content, valid_from_ms, valid_until_ms, .. } = &mut draft.body {
        text.clone_into(content);
        (*valid_from_ms, *valid_until_ms) = (from, until);
    }
    draft
}

fn chain(project: &Project) -> [ScopeRef; 2] {
    [ScopeRef::project(project.id), ScopeRef::GLOBAL]
}

pub(crate) async fn words_find_what_has_them_best_first(world: World) {
    world.add_text(ScopeRef::GLOBAL, "Connection pool", "It keeps ten connections open.").await;
    world.add_text(ScopeRef::GLOBAL, "Importer", "Reads files over one connection, without a pool.").await;
    world.add_text(ScopeRef::GLOBAL, "Colours", "Blue and green.").await;
    assert_eq!(world.found("how big is the connection pool?").await, ["Connection pool", "Importer"]);
    let page = world.try_search(search_for("pooled connections"), None).await.expect("a page");
    assert_eq!(page.terms, ["pool", "connect"]);
    assert!(page.hits[0].score > page.hits[1].score && page.hits[1].score > 0.0);
    assert_eq!(page.hits[0].snippet, "It keeps ten connections open.");
    assert_eq!((page.next_cursor, page.ignored_terms), (None, 0));
}

pub(crate) async fn identifiers_are_found_by_their_parts_and_whole(world: World) {
    world.add_text(ScopeRef::GLOBAL, "users", "Call getUserById from src/store/user_cache.rs").await;
    for query in
        ["getUserById", "getuserbyid", "get_user_by_id", "user_cache", "usercache", "cache", "user_cache.rs"]
    {
        assert_eq!(world.found(query).await, ["users"], "{query}");
    }
}

pub(crate) async fn phrases_prefixes_and_other_scripts_are_found(world: World) {
    world.add_text(ScopeRef::GLOBAL, "one", "the retry budget is small").await;
    world.add_text(ScopeRef::GLOBAL, "two", "a budget for every retry").await;
    world.add_text(ScopeRef::GLOBAL, "three", "東京都の設定 🚀").await;
    assert_eq!(world.found("\"retry budget\"").await, ["one"]);
    assert_eq!(world.found("budg*").await.len(), 2);
    assert_eq!(world.found("設定").await, ["three"]);
    assert_eq!(world.found("🚀").await, ["three"]);
    assert_eq!(world.found("the").await, ["one"]);
}

pub(crate) async fn any_text_is_a_query(world: World) {
    world.add_text(ScopeRef::GLOBAL, "one", "some words").await;
    for query in [
        "\"",
        "'",
        "\"\"",
        "*",
        "a*b",
        "NEAR(",
        "AND",
        "OR OR",
        "NOT x",
        "col:x",
        "{a b}",
        "^a",
        "-",
        "--",
        ";",
        "\\",
        "\0",
        "(((",
        "x\" OR \"y",
        "name:",
        "%_",
        "\u{202e}",
        "🚀🚀",
        "ﷺ",
        "a\u{301}",
        "s1 s2",
    ] {
        world.try_search(search_for(query), None).await.expect(query);
    }
    let noise: String = (0..10_240_u32).map(|i| char::from_u32(32 + i * 7919 % 95).expect("ASCII")).collect();
    world.try_search(search_for(&noise), None).await.expect("noise");
}

pub(crate) async fn scopes_are_searched_as_asked(world: World) {
    let (mine, other) = (world.project("mine").await, world.project("other").await);
    world.add_text(ScopeRef::GLOBAL, "global", "shared word").await;
    world.add_text(ScopeRef::project(mine.id), "mine", "shared word").await;
    world.add_text(ScopeRef::project(other.id), "other", "shared word").await;
    let mut inherited = world.names(search_for("shared"), Some(&chain(&mine))).await;
    inherited.sort();
    assert_eq!(inherited, ["global", "mine"]);
    assert_eq!(world.names(search_for("shared"), Some(&chain(&mine)[..1])).await, ["mine"]);
    assert_eq!(world.found("shared").await.len(), 3);
}

pub(crate) async fn overridden_and_hidden_entries_are_left_out(world: World) {
    let project = world.project("mine").await;
    world.add_text(ScopeRef::GLOBAL, "indent", "tabs, globally").await;
    let own = world.add_text(ScopeRef::project(project.id), "indent", "tabs, here").await;
    let page = world.try_search(search_for("tabs"), Some(&chain(&project))).await.expect("a page");
    assert_eq!(page.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [own]);

    let all = Search { include_inactive: true, ..search_for("tabs") };
    assert_eq!(world.names(all.clone(), Some(&chain(&project))).await.len(), 2);

    world.write(world.deactivating(EntryKind::Knowledge, own)).await.expect("deactivated");
    let page = world.try_search(search_for("tabs"), Some(&chain(&project))).await.expect("a page");
    assert_eq!(page.hits.iter().map(|hit| hit.snippet.as_str()).collect::<Vec<_>>(), ["tabs, globally"]);
    assert_eq!(world.names(all, Some(&chain(&project))).await.len(), 2);
}

pub(crate) async fn knowledge_is_found_while_it_is_valid(world: World) {
    let day = 86_400_000;
    world.add(knowing(ScopeRef::GLOBAL, "past", "port", None, Some(START_MS - day))).await;
    world.add(knowing(ScopeRef::GLOBAL, "present", "port", Some(START_MS - day), Some(START_MS + day))).await;
    world.add(knowing(ScopeRef::GLOBAL, "future", "port", Some(START_MS + day), None)).await;
    let mut replaced = knowing(ScopeRef::GLOBAL, "replaced", "port", None, None);
    if let EntryBody::Knowledge { invalidated_by, .. } = &mut replaced.body {
        *invalidated_by = Some(world.clock.new_id());
    }
    world.add(replaced).await;
    assert_eq!(world.found("port").await, ["present"]);
    let at = |at| Search { at_time_ms: Some(at), ..search_for("port") };
    assert_eq!(world.names(at(START_MS - 2 * day), None).await, ["past"]);
    assert_eq!(world.names(at(START_MS + 2 * day), None).await, ["future"]);
    let during = Search { valid_during_ms: Some((START_MS, START_MS + 2 * day)), ..search_for("port") };
    let mut found = world.names(during, None).await;
    found.sort();
    assert_eq!(found, ["future", "present"]);
    let all = Search { include_inactive: true, ..search_for("port") };
    assert_eq!(world.names(all, None).await.len(), 4);
}

pub(crate) async fn filters_narrow_the_hits(world: World) {
    for (name, priority, tags, category, by) in [
        ("low", 10, vec!["a"], "style", "ada"),
        ("middle", 50, vec!["a", "b"], "style", "bob"),
        ("high", 90, vec!["b", "c"], "safety", "ada"),
    ] {
        let mut draft = guideline(ScopeRef::GLOBAL, name, priority);
        draft.tags = tags.into_iter().map(str::to_owned).collect();
        draft.category = Some(category.to_owned());
        draft.created_by = Some(by.to_owned());
        world.add(draft).await;
        world.clock.advance(1_000);
    }
    world.add(knowledge(ScopeRef::GLOBAL, "known")).await;
    let all = || search_for("says known");
    let tags = |include: &[&str], require: &[&str], exclude: &[&str]| {
        let own = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        TagFilter { include: own(include), require: own(require), exclude: own(exclude) }
    };
    for (request, expected) in [
        (Search { kinds: vec![EntryKind::Knowledge], ..all() }, "known"),
        (Search { kinds: vec![EntryKind::Guideline, EntryKind::Tool], ..all() }, "high low middle"),
        (Search { priority_min: Some(50), ..all() }, "high known middle"),
        (Search { priority_max: Some(49), ..all() }, "known low"),
        (Search { category: Some("style".to_owned()), ..all() }, "low middle"),
        (Search { created_by: Some("bob".to_owned()), ..all() }, "middle"),
        (Search { created_after_ms: Some(START_MS + 1_000), ..all() }, "high known middle"),
        (Search { created_before_ms: Some(START_MS + 1_000), ..all() }, "low"),
        (Search { updated_after_ms: Some(START_MS + 3_000), ..all() }, "known"),
        (Search { updated_before_ms: Some(START_MS + 2_000), ..all() }, "low middle"),
        (Search { tags: tags(&["a", "c"], &[], &[]), ..all() }, "high low middle"),
        (Search { tags: tags(&[], &["a", "b"], &[]), ..all() }, "middle"),
        (Search { tags: tags(&["b"], &[], &["a"]), ..all() }, "high"),
    ] {
        let mut names = world.names(request.clone(), None).await;
        names.sort();
        assert_eq!(names.join(" "), expected, "{request:?}");
    }
}

pub(crate) async fn without_words_the_latest_change_comes_first(world: World) {
    let first = world.add(guideline(ScopeRef::GLOBAL, "first", 10)).await;
    world.clock.advance(1_000);
    world.add(guideline(ScopeRef::GLOBAL, "second", 90)).await;
    assert_eq!(world.found("").await, ["second", "first"]);
    world.clock.advance(1_000);
    world.update(first.id, new_content("changed", "ada")).await;
    assert_eq!(world.found(" !? ").await, ["first", "second"]);
}

pub(crate) async fn changed_texts_are_found_by_their_new_words_only(world: World) {
    let id = world.add(guideline(ScopeRef::GLOBAL, "format", 10)).await.id;
    world.update(id, new_content("spaces everywhere", "ada")).await;
    assert_eq!(world.found("spaces").await, ["format"]);
    assert_eq!(world.found("says").await, Vec::<String>::new());
    let gone =
        Write::DeleteEntries { kind: EntryKind::Guideline, ids: vec![id], bulk: false, deleted_by: None };
    world.write(gone).await.expect("deleted");
    assert_eq!(world.found("spaces").await, Vec::<String>::new());
}

pub(crate) async fn pages_follow_each_other_without_gaps(world: World) {
    for index in 0..50 {
        let text = "word ".repeat(1 + index % 7);
        world.add_text(ScopeRef::GLOBAL, &format!("entry {index}"), &text).await;
    }
    for query in ["word", ""] {
        let whole = world.names(Search { limit: 100, ..search_for(query) }, None).await;
        assert_eq!(whole.len(), 50);
        let mut paged = Vec::new();
        let mut cursor = None;
        loop {
            let request = Search { limit: 7, cursor: cursor.clone(), ..search_for(query) };
            let page = world.try_search(request, None).await.expect("a page");
            paged.extend(page.hits.into_iter().map(|hit| hit.name));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole);
        let offset = world.names(Search { limit: 5, offset: 10, ..search_for(query) }, None).await;
        assert_eq!(offset, whole[10..15]);
    }
}

pub(crate) async fn a_page_follows_though_entries_came_in_between(world: World) {
    for index in 0..20 {
        world.add_text(ScopeRef::GLOBAL, &format!("entry {index}"), "word").await;
        world.clock.advance(1_000);
    }
    let request = Search { limit: 10, ..search_for("") };
    let first = world.try_search(request.clone(), None).await.expect("a page");
    for index in 20..23 {
        world.add_text(ScopeRef::GLOBAL, &format!("entry {index}"), "word").await;
    }
    let next = Search { cursor: first.next_cursor, ..request };
    let names = world.names(next, None).await;
    assert_eq!(names, (0..10).rev().map(|index| format!("entry {index}")).collect::<Vec<_>>());
}

pub(crate) async fn cursors_of_others_are_refused(world: World) {
    for index in 0..3 {
        world.add_text(ScopeRef::GLOBAL, &format!("entry {index}"), "word").await;
    }
    let request = Search { limit: 1, ..search_for("word") };
    let cursor = world.try_search(request.clone(), None).await.expect("a page").next_cursor;
    let others = Search { cursor, ..Search { limit: 1, ..search_for("entry") } };
    let garbage = Search { cursor: Some("x' OR 1=1".to_owned()), ..request };
    for request in [others, garbage] {
        let Err(StoreError::Refused(body)) = world.try_search(request, None).await else {
            panic!("not refused")
        };
        assert_eq!(body.field.as_deref(), Some("cursor"));
    }
}

pub(crate) async fn a_passed_deadline_ends_a_search(world: World) {
    let query = SearchQuery {
        request: search_for("word"),
        scopes: None,
        now_ms: START_MS,
        deadline: Instant::now() - Duration::from_millis(1),
    };
    assert_eq!(world.store.search.search(query).await, Err(StoreError::DeadlineExceeded));
}
