//! Names: unique in a scope and kind, found from the narrowest scope outwards.

use agent_memory_proto::{
    ErrorCode,
    model::{EntryKind, ScopeRef},
};

use super::fixtures::{World, guideline, knowledge, new_content, written};

pub(crate) async fn a_taken_name_is_refused_with_its_id(world: World) {
    let first = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    let refused = world.refusal(world.adding(guideline(ScopeRef::GLOBAL, "tabs", 2))).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::AlreadyExists, Some("name")));
    assert_eq!(refused.value.as_deref(), Some("tabs"));
    assert!(refused.suggestion.unwrap().contains(&first.id.to_string()));

    world.add(knowledge(ScopeRef::GLOBAL, "tabs")).await;
    let refused = world.refusal(world.adding(knowledge(ScopeRef::GLOBAL, "tabs"))).await;
    assert_eq!(refused.field.as_deref(), Some("title"), "another kind has its own names");
    let project = world.project("app").await;
    world.add(guideline(ScopeRef::project(project.id), "tabs", 1)).await;

    let other = world.add(guideline(ScopeRef::GLOBAL, "spaces", 1)).await;
    let mut rename = new_content("x", "ada");
    rename.name = Some("tabs".to_owned());
    let refused = world.refusal(world.updating(other.id, rename.clone())).await;
    assert_eq!(refused.code, ErrorCode::AlreadyExists);
    let unchanged = world.get(EntryKind::Guideline, other.id).await.unwrap();
    assert_eq!((unchanged.name.as_str(), unchanged.version.number), ("spaces", 1));
    rename.name = Some("spaces, not tabs".to_owned());
    let renamed = world.update(other.id, rename).await;
    assert_eq!(renamed.name, "spaces, not tabs");
}

pub(crate) async fn the_narrowest_name_wins(world: World) {
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
    for (position, scope) in chain.iter().enumerate().rev() {
        let added = world.add(guideline(*scope, "tabs", 1)).await;
        let found = world.find("tabs", &chain).await.expect("it is inherited");
        assert_eq!((found.id, found.scope), (added.id, *scope));
        let exact = world.find("tabs", &chain[..position]).await;
        assert_eq!(exact.map(|entry| entry.scope), None, "narrower scopes do not have it yet");
    }
}

pub(crate) async fn hidden_names_do_not_override(world: World) {
    let project = world.project("app").await;
    let chain = [ScopeRef::project(project.id), ScopeRef::GLOBAL];
    let wide = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    let narrow = world.add(guideline(chain[0], "tabs", 1)).await;
    assert_eq!(world.find("tabs", &chain).await.unwrap().id, narrow.id);
    written(world.write(world.deactivating(EntryKind::Guideline, narrow.id)).await);
    assert_eq!(world.find("tabs", &chain).await.unwrap().id, wide.id);
}

pub(crate) async fn names_compare_exactly(world: World) {
    for name in ["Tabs", "tabs", "tabs ", "täbs", "ta\u{308}bs", "%", "'; --", "日本語", "🦀"] {
        let added = world.add(guideline(ScopeRef::GLOBAL, name, 1)).await;
        assert_eq!(world.find(name, &[ScopeRef::GLOBAL]).await.unwrap().id, added.id, "{name:?}");
    }
}
