//! Entries: adding, reading, hiding, removing.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryBody, EntryKind, Json, ScopeRef},
    response::WriteAction,
};

use super::fixtures::{START_MS, World, draft, guideline, new_content, written};
use crate::store::{ListQuery, Write};

pub(crate) async fn added_entries_are_read_back_whole(world: World) {
    let json = |text: &str| Some(Json(text.to_owned()));
    let bodies = [
        EntryBody::Guideline {
            content: "Use anyhow in main only".to_owned(),
            priority: 90,
            rationale: Some("Libraries need types".to_owned()),
            examples: json(r#"{"good":["thiserror"]}"#),
            verification_rules: json(r#"{"filePatterns":["*.rs"]}"#),
        },
        EntryBody::Knowledge {
            content: "The build takes 40 s".to_owned(),
            confidence: 0.8,
            source: Some("measured".to_owned()),
            valid_from_ms: Some(1),
            valid_until_ms: Some(2),
            invalidated_by: Some(world.clock.new_id()),
        },
        EntryBody::Tool {
            description: "Runs the tests".to_owned(),
            parameters: json(r#"{"type":"object"}"#),
            examples: json(r#"["just test"]"#),
            constraints: Some("needs a database".to_owned()),
        },
    ];
    for body in bodies {
        let mut draft = draft(ScopeRef::GLOBAL, "everything", body);
        draft.category = Some("rust".to_owned());
        draft.tags = vec!["a".to_owned(), "b \"quoted\", with ünicode".to_owned()];
        draft.metadata = json(r#"{"n":1}"#);
        draft.change_reason = Some("first".to_owned());
        let kind = draft.body.kind();
        let answer = world.add(draft.clone()).await;
        assert_eq!((answer.action, answer.version, answer.at_ms), (WriteAction::Added, 1, START_MS));
        let entry = world.get(kind, answer.id).await.expect("the entry");
        assert_eq!(entry.version.body, draft.body);
        assert_eq!((entry.name, entry.scope), (draft.name, draft.scope));
        assert_eq!((entry.category, entry.tags), (draft.category, draft.tags));
        assert_eq!((entry.metadata, entry.is_active), (draft.metadata, true));
        assert_eq!((entry.created_at_ms, entry.updated_at_ms), (START_MS, START_MS));
        assert_eq!(
            (entry.created_by.clone(), entry.updated_by),
            (draft.created_by.clone(), entry.created_by)
        );
        assert_eq!((entry.version.number, entry.version.conflict), (1, false));
        assert_eq!(
            (entry.version.change_reason, entry.version.created_by),
            (draft.change_reason, draft.created_by)
        );
    }
}

pub(crate) async fn unknown_ids_are_nothing(world: World) {
    let id = world.clock.new_id();
    assert_eq!(world.get(EntryKind::Tool, id).await, None);
    let history = world.store.entries.history(EntryKind::Tool, id, 10, 0).await.unwrap();
    assert_eq!(history, None);
    let guideline = world.add(guideline(ScopeRef::GLOBAL, "a rule", 1)).await;
    assert_eq!(world.get(EntryKind::Tool, guideline.id).await, None, "it is of another kind");
    let refused = world.refusal(world.updating(id, new_content("x", "ada"))).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("id")));
    let refused = world.refusal(world.deactivating(EntryKind::Tool, guideline.id)).await;
    assert_eq!(refused.code, ErrorCode::NotFound);
}

pub(crate) async fn unknown_scopes_are_refused(world: World) {
    let id = world.clock.new_id();
    for scope in [ScopeRef::org(id), ScopeRef::project(id), ScopeRef::session(id)] {
        let refused = world.refusal(world.adding(guideline(scope, "nowhere", 1))).await;
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("scopeId")));
        assert_eq!(refused.value, Some(id.to_string()));
        assert!(refused.suggestion.is_some(), "{refused}");
    }
    let project = world.project("here").await;
    let refused = world.refusal(world.adding(guideline(ScopeRef::session(project.id), "nowhere", 1))).await;
    assert_eq!(refused.code, ErrorCode::NotFound, "an id of another level");
}

pub(crate) async fn taken_ids_are_refused(world: World) {
    let first = world.new_entry(guideline(ScopeRef::GLOBAL, "first", 1));
    let mut second = world.new_entry(guideline(ScopeRef::GLOBAL, "second", 1));
    second.id = first.id;
    written(world.write(Write::AddEntries { entries: vec![first], bulk: false }).await);
    let refused = world.refusal(Write::AddEntries { entries: vec![second], bulk: false }).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::AlreadyExists, Some("id")));
}

pub(crate) async fn deactivated_entries_are_hidden_and_keep_their_names(world: World) {
    let added = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    world.clock.advance(1_000);
    let hidden = written(world.write(world.deactivating(EntryKind::Guideline, added.id)).await);
    assert_eq!((hidden.action, hidden.version), (WriteAction::Deactivated, 2));
    let again = written(world.write(world.deactivating(EntryKind::Guideline, added.id)).await);
    assert_eq!((again.action, again.version), (WriteAction::Deactivated, 2), "nothing left to hide");

    let entry = world.get(EntryKind::Guideline, added.id).await.expect("it is readable by its id");
    assert_eq!((entry.is_active, entry.updated_at_ms), (false, START_MS + 1_000));
    assert_eq!(entry.version.change_reason.as_deref(), Some("outdated"));
    assert_eq!(world.find("tabs", &[ScopeRef::GLOBAL]).await, None);
    let find =
        world.store.entries.find(EntryKind::Guideline, "tabs".to_owned(), vec![ScopeRef::GLOBAL], true);
    assert_eq!(find.await.unwrap().map(|entry| entry.id), Some(added.id));
    let list = |include_inactive| {
        world.store.entries.list(ListQuery {
            kind: EntryKind::Guideline,
            scopes: Some(vec![ScopeRef::GLOBAL]),
            include_inactive,
            category: None,
            limit: 10,
            offset: 0,
        })
    };
    assert_eq!(list(false).await.unwrap().entries.len(), 0);
    assert_eq!(list(true).await.unwrap().entries.len(), 1);

    let refused = world.refusal(world.adding(guideline(ScopeRef::GLOBAL, "tabs", 1))).await;
    assert_eq!(refused.code, ErrorCode::AlreadyExists);
    assert!(refused.message.contains("deactivated"), "{refused}");
}

pub(crate) async fn deleted_entries_are_gone_with_their_history(world: World) {
    let added = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    world.update(added.id, new_content("Use spaces", "ada")).await;
    let delete = || Write::DeleteEntries {
        kind: EntryKind::Guideline,
        ids: vec![added.id],
        bulk: false,
        deleted_by: Some("ada".to_owned()),
    };
    let Ok(Response::Written(deleted)) = world.write(delete()).await else { panic!("not deleted") };
    assert_eq!((deleted.action, deleted.version), (WriteAction::Deleted, 2));
    assert_eq!(world.get(EntryKind::Guideline, added.id).await, None);
    let history = world.store.entries.history(EntryKind::Guideline, added.id, 10, 0).await.unwrap();
    assert_eq!(history, None);
    assert_eq!(world.refusal(delete()).await.code, ErrorCode::NotFound);
    let again = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await;
    assert_eq!(again.version, 1, "the name is free again");
}
