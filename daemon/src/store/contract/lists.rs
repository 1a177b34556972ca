//! Lists: order, pages, inheritance, filters.

use agent_memory_proto::model::{EntryBody, EntryKind, ScopeRef};

use super::fixtures::{START_MS, World, guideline, knowledge, new_content, written};
use crate::store::ListQuery;

fn query(kind: EntryKind, scopes: Option<&[ScopeRef]>) -> ListQuery {
    ListQuery {
        kind,
        scopes: scopes.map(<[_]>::to_vec),
        include_inactive: false,
        category: None,
        limit: 100,
        offset: 0,
    }
}

async fn names(world: &World, query: ListQuery) -> (Vec<String>, bool) {
    let page = world.store.entries.list(query).await.expect("a readable store");
    (page.entries.into_iter().map(|entry| entry.name).collect(), page.has_more)
}

pub(crate) async fn guidelines_come_by_priority(world: World) {
    let first = world.add(guideline(ScopeRef::GLOBAL, "low", 1)).await;
    world.add(guideline(ScopeRef::GLOBAL, "high", 100)).await;
    world.add(guideline(ScopeRef::GLOBAL, "high, same time, later id", 100)).await;
    world.clock.advance(1);
    world.add(guideline(ScopeRef::GLOBAL, "high, newer", 100)).await;
    world.add(guideline(ScopeRef::GLOBAL, "low, newer", 1)).await;
    let all = query(EntryKind::Guideline, Some(&[ScopeRef::GLOBAL]));
    let expected = ["high, newer", "high", "high, same time, later id", "low, newer", "low"];
    assert_eq!(names(&world, all.clone()).await.0, expected);
    assert_eq!(names(&world, ListQuery { scopes: None, ..all.clone() }).await.0, expected);
    world.clock.advance(1);
    world.update(first.id, new_content("changed", "ada")).await;
    assert_eq!(names(&world, all).await.0[3], "low");

    world.add(knowledge(ScopeRef::GLOBAL, "old fact")).await;
    world.clock.advance(1);
    world.add(knowledge(ScopeRef::GLOBAL, "new fact")).await;
    let facts = query(EntryKind::Knowledge, Some(&[ScopeRef::GLOBAL]));
    assert_eq!(names(&world, facts).await.0, ["new fact", "old fact"]);
}

pub(crate) async fn pages_follow_each_other(world: World) {
    let project = world.project("app").await;
    let chain = [ScopeRef::project(project.id), ScopeRef::GLOBAL];
    for number in 0..10_u8 {
        world.add(guideline(chain[usize::from(number % 2)], &format!("rule {number}"), number)).await;
    }
    for scopes in [Some(&chain[..]), None] {
        let whole = names(&world, query(EntryKind::Guideline, scopes)).await.0;
        assert_eq!(whole.len(), 10);
        let mut paged = Vec::new();
        for offset in (0..12).step_by(3) {
            let page = ListQuery { limit: 3, offset, ..query(EntryKind::Guideline, scopes) };
            let (names, has_more) = names(&world, page).await;
            assert_eq!(has_more, offset + 3 < 10, "at {offset}");
            paged.extend(names);
        }
        assert_eq!(paged, whole);
    }
    let one = ListQuery { limit: 2, offset: 2, ..query(EntryKind::Guideline, Some(&chain[..1])) };
    assert_eq!(names(&world, one).await, (vec!["rule 4".to_owned(), "rule 2".to_owned()], true));
}

pub(crate) async fn inherited_lists_leave_overridden_names_out(world: World) {
    let org = world.org("acme").await;
    let mut project = world.project_named("app");
    project.org_id = Some(org.id);
    let project = world.create_project(project).await;
    let session = world.session(Some(project.id)).await;
    let chain = [
        ScopeRef::session(session.id),
        ScopeRef::project(project.id),
        ScopeRef::org(org.id),
        ScopeRef::GLOBAL,
    ];
    for (scope, name) in [(1, "tabs"), (2, "tabs"), (3, "tabs"), (0, "quotes"), (3, "quotes"), (3, "commas")]
    {
        world.add(guideline(chain[scope], name, 1)).await;
    }
    let list = async |scopes: &[ScopeRef]| {
        let page = world.store.entries.list(query(EntryKind::Guideline, Some(scopes))).await.unwrap();
        let mut found: Vec<(String, ScopeRef)> =
            page.entries.into_iter().map(|entry| (entry.name, entry.scope)).collect();
        found.sort();
        found
    };
    let entry = |scope: usize, name: &str| (name.to_owned(), chain[scope]);
    assert_eq!(list(&chain).await, [entry(3, "commas"), entry(0, "quotes"), entry(1, "tabs")]);
    assert_eq!(list(&chain[2..]).await, [entry(3, "commas"), entry(3, "quotes"), entry(2, "tabs")]);
    assert_eq!(list(&chain[..1]).await, [entry(0, "quotes")]);
    let narrow = world.find("tabs", &chain[1..2]).await.unwrap();
    written(world.write(world.deactivating(EntryKind::Guideline, narrow.id)).await);
    assert!(list(&chain).await.contains(&entry(2, "tabs")), "what is hidden overrides nothing");
}

pub(crate) async fn lists_filter(world: World) {
    let project = world.project("app").await;
    let chain = [ScopeRef::project(project.id), ScopeRef::GLOBAL];
    for (scope, name, category) in
        [(0, "a", Some("style")), (1, "b", Some("style")), (0, "c", Some("safety")), (1, "d", None)]
    {
        let mut draft = guideline(chain[scope], name, 1);
        draft.category = category.map(str::to_owned);
        world.add(draft).await;
    }
    world.add(knowledge(ScopeRef::GLOBAL, "no guideline")).await;
    for (scopes, expected) in [(None, 2), (Some(&chain[..]), 2), (Some(&chain[..1]), 1)] {
        let style = ListQuery { category: Some("style".to_owned()), ..query(EntryKind::Guideline, scopes) };
        assert_eq!(names(&world, style).await.0.len(), expected);
    }
    let nowhere = [ScopeRef::session(world.clock.new_id())];
    assert_eq!(names(&world, query(EntryKind::Guideline, Some(&nowhere))).await, (vec![], false));
}

pub(crate) async fn validity_changes_are_foretold(world: World) {
    let next = async |now_ms| world.store.entries.next_validity_change(now_ms).await.unwrap();
    assert_eq!(next(START_MS).await, None);
    for (title, from, until) in
        [("a", Some(START_MS - 5), Some(START_MS + 50)), ("b", Some(START_MS + 20), None)]
    {
        let mut draft = knowledge(ScopeRef::GLOBAL, title);
        let EntryBody::Knowledge { valid_from_ms, valid_until_ms, .. } = &mut draft.body else {
            unreachable!()
        };
        (*valid_from_ms, *valid_until_ms) = (from, until);
        world.add(draft).await;
    }
    assert_eq!(next(START_MS).await, Some(START_MS + 20));
    assert_eq!(next(START_MS + 20).await, Some(START_MS + 50));
    assert_eq!(next(START_MS + 50).await, None);
}
