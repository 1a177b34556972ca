//! Context and similar entries.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    limits,
    model::{EntryBody, EntryKind, ScopeRef},
    request::GetContext,
    response::{Context, SimilarEntry},
};

use super::fixtures::{World, guideline, knowledge};
use crate::store::{ContextQuery, SimilarQuery};

impl World {
    async fn context(&self, scopes: &[ScopeRef], budget_tokens: u32, query: Option<&str>) -> Context {
        let request = GetContext {
            scope: scopes[0],
            inherit: true,
            query: query.map(str::to_owned),
            kinds: Vec::new(),
            budget_tokens: Some(budget_tokens),
            limit_per_kind: None,
        };
        self.context_of(request, scopes, budget_tokens).await
    }

    async fn context_of(&self, request: GetContext, scopes: &[ScopeRef], budget_tokens: u32) -> Context {
        let query = ContextQuery {
            request,
            scopes: scopes.to_vec(),
            budget_tokens,
            now_ms: self.clock.now_ms(),
            deadline: Instant::now() + Duration::from_secs(20),
        };
        self.store.search.context(query).await.expect("a context")
    }

    async fn similar(&self, text: &str) -> Vec<SimilarEntry> {
        let query = SimilarQuery {
            name: String::new(),
            text: text.to_owned(),
            kinds: Vec::new(),
            scopes: vec![ScopeRef::GLOBAL],
            similarity_min: limits::SIMILARITY_MIN,
            limit: 3,
            deadline: Instant::now() + Duration::from_secs(20),
        };
        self.store.search.similar(query).await.expect("similar entries")
    }
}

fn names(context: &Context) -> Vec<&str> {
    context.entries.iter().map(|entry| entry.name.as_str()).collect()
}

pub(crate) async fn guidelines_come_by_priority_then_the_latest_knowledge(world: World) {
    for (name, priority) in [("low", 10), ("high", 90), ("middle", 50)] {
        world.add(guideline(ScopeRef::GLOBAL, name, priority)).await;
    }
    for title in ["older", "newer"] {
        world.clock.advance(1_000);
        world.add(knowledge(ScopeRef::GLOBAL, title)).await;
    }
    let context = world.context(&[ScopeRef::GLOBAL], 2_000, None).await;
    assert_eq!(names(&context), ["high", "middle", "low", "newer", "older"]);
    assert_eq!((context.budget_tokens, context.omitted.len()), (2_000, 0));
    let bytes = |entry: &agent_memory_proto::response::ContextEntry| entry.name.len() + entry.text.len();
    let expected: usize = context.entries.iter().map(|entry| bytes(entry).div_ceil(4)).sum();
    assert_eq!(context.used_tokens as usize, expected);
    let asked = world.context(&[ScopeRef::GLOBAL], 2_000, Some("what about the older one?")).await;
    assert_eq!(names(&asked), ["high", "middle", "low", "older", "newer"]);
}

pub(crate) async fn a_context_shows_each_name_once(world: World) {
    let project = world.project("mine").await;
    let scopes = [ScopeRef::project(project.id), ScopeRef::GLOBAL];
    world.add(guideline(ScopeRef::GLOBAL, "indent", 90)).await;
    let own = world.add(guideline(scopes[0], "indent", 10)).await;
    let hidden = world.add(guideline(scopes[0], "hidden", 10)).await;
    world.write(world.deactivating(EntryKind::Guideline, hidden.id)).await.expect("deactivated");
    let context = world.context(&scopes, 2_000, None).await;
    assert_eq!(context.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [own.id]);
    assert_eq!(context.omitted, []);
}

pub(crate) async fn a_context_keeps_its_budget_and_says_what_is_missing(world: World) {
    for index in 0..40 {
        let mut draft = guideline(ScopeRef::GLOBAL, &format!("rule {index}"), 50);
        if let EntryBody::Guideline { content, .. } = &mut draft.body {
            *content = "rule ".repeat(40);
        }
        world.add(draft).await;
        let mut draft = knowledge(ScopeRef::GLOBAL, &format!("fact {index}"));
        if let EntryBody::Knowledge { content, .. } = &mut draft.body {
            *content = "fact ".repeat(if index == 0 { 4_000 } else { 40 });
        }
        world.add(draft).await;
    }
    let context = world.context(&[ScopeRef::GLOBAL], 1_000, None).await;
    assert!(context.used_tokens <= 1_000 && context.used_tokens > 800, "{}", context.used_tokens);
    for kind in [EntryKind::Guideline, EntryKind::Knowledge] {
        let included = context.entries.iter().filter(|entry| entry.kind == kind).count() as u64;
        let omitted = context.omitted.iter().find(|omitted| omitted.kind == kind).expect("some are omitted");
        assert!(included > 1, "{kind} {included}");
        assert_eq!(included + omitted.count, 40);
    }
    let cut: Vec<_> = context.entries.iter().filter(|entry| entry.is_cut).collect();
    assert!(!cut.is_empty() && cut.iter().all(|entry| entry.text.ends_with('…')));
    let tiny = world.context(&[ScopeRef::GLOBAL], 1, None).await;
    assert_eq!((tiny.entries.len(), tiny.used_tokens), (0, 0));
}

pub(crate) async fn a_context_can_be_limited_to_kinds(world: World) {
    for index in 0..5 {
        world.add(guideline(ScopeRef::GLOBAL, &format!("rule {index}"), 50)).await;
        world.add(knowledge(ScopeRef::GLOBAL, &format!("fact {index}"))).await;
    }
    let request = GetContext {
        scope: ScopeRef::GLOBAL,
        inherit: true,
        query: None,
        kinds: vec![EntryKind::Knowledge],
        budget_tokens: None,
        limit_per_kind: Some(2),
    };
    let context = world.context_of(request, &[ScopeRef::GLOBAL], 2_000).await;
    assert_eq!(context.entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [EntryKind::Knowledge; 2]);
    assert_eq!(context.omitted.iter().map(|omitted| omitted.count).collect::<Vec<_>>(), [3]);
}

pub(crate) async fn the_same_words_are_similar(world: World) {
    for (title, text) in [
        ("Deploys", "Deploys go out on Tuesdays after the integration tests have passed"),
        ("Backups", "Backups are taken every night and kept for thirty days"),
    ] {
        let mut draft = knowledge(ScopeRef::GLOBAL, title);
        if let EntryBody::Knowledge { content, .. } = &mut draft.body {
            text.clone_into(content);
        }
        world.add(draft).await;
    }
    let similar = world.similar("A deploy goes out each Tuesday after integration testing has passed").await;
    assert_eq!(similar.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["Deploys"]);
    assert!(similar[0].similarity > 0.5 && similar[0].similarity <= 1.0, "{}", similar[0].similarity);
    let same = world.similar("Backups are taken every night and kept for thirty days").await;
    assert!((same[0].similarity - 1.0).abs() < f64::EPSILON);
    assert_eq!(world.similar("Something else entirely").await, []);
    assert_eq!(world.similar("!!").await, []);
}
