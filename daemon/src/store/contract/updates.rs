//! Updates: versions, expected versions, conflicts.

use agent_memory_proto::{
    ErrorCode,
    model::{BodyPatch, EntryBody, EntryKind, Json, ScopeRef},
    request::EntryPatch,
};

use super::fixtures::{CONFLICT_WINDOW_MS, START_MS, World, guideline, knowledge, new_content, written};

pub(crate) async fn every_update_is_a_version(world: World) {
    let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
    for number in 2..=5 {
        world.clock.advance(1_000);
        let mut patch = new_content(&format!("text {number}"), "ada");
        patch.change_reason = Some(format!("reason {number}"));
        assert_eq!(world.update(id, patch).await.version, number);
    }
    let entry = world.get(EntryKind::Guideline, id).await.unwrap();
    assert_eq!((entry.created_at_ms, entry.updated_at_ms), (START_MS, START_MS + 4_000));
    assert_eq!(entry.version.body.text(), "text 5");
    let page = async |limit, offset| {
        let history = world.store.entries.history(EntryKind::Guideline, id, limit, offset).await;
        let history = history.unwrap().expect("a history");
        let numbers: Vec<u32> = history.versions.iter().map(|version| version.number).collect();
        (numbers, history.has_more)
    };
    assert_eq!(page(10, 0).await, (vec![5, 4, 3, 2, 1], false));
    assert_eq!(page(2, 0).await, (vec![5, 4], true));
    assert_eq!(page(2, 2).await, (vec![3, 2], true));
    assert_eq!(page(2, 3).await, (vec![2, 1], false));
    assert_eq!(page(2, 5).await, (vec![], false));
    let history = world.store.entries.history(EntryKind::Guideline, id, 10, 0).await.unwrap().unwrap();
    assert_eq!(history.versions[0], entry.version);
    let second = &history.versions[3];
    assert_eq!((second.body.text(), second.created_at_ms), ("text 2", START_MS + 1_000));
    assert_eq!(second.change_reason.as_deref(), Some("reason 2"));
    assert_eq!(history.versions[4].body.text(), "What tabs says");
}

pub(crate) async fn a_stale_version_is_refused(world: World) {
    let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
    let second = world.write(world.updating_from(id, Some(1), new_content("from one", "ada"))).await;
    assert_eq!(written(second).version, 2);
    let refused = world.refusal(world.updating_from(id, Some(1), new_content("from one, too", "bob"))).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("expectedVersion")));
    assert_eq!((refused.value.as_deref(), refused.allowed.as_deref()), (Some("1"), Some("2")));
    let entry = world.get(EntryKind::Guideline, id).await.unwrap();
    assert_eq!((entry.version.number, entry.version.body.text()), (2, "from one"));
}

pub(crate) async fn two_agents_at_once_are_a_conflict(world: World) {
    let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
    assert!(!world.update(id, new_content("bob's", "bob")).await.conflict, "the first change is none");
    world.clock.advance(CONFLICT_WINDOW_MS);
    assert!(world.update(id, new_content("eve's", "eve")).await.conflict);
    assert!(!world.update(id, new_content("eve's again", "eve")).await.conflict, "the same agent");
    world.clock.advance(CONFLICT_WINDOW_MS + 1);
    assert!(!world.update(id, new_content("bob's again", "bob")).await.conflict, "later");
    let knowing = world.updating_from(id, Some(5), new_content("eve knew", "eve"));
    assert!(!written(world.write(knowing).await).conflict, "with the version it knew");
    let history = world.store.entries.history(EntryKind::Guideline, id, 10, 0).await.unwrap().unwrap();
    let flags: Vec<bool> = history.versions.iter().map(|version| version.conflict).collect();
    assert_eq!(flags, [false, false, false, true, false, false]);
}

pub(crate) async fn a_hidden_entry_can_be_changed_and_stays_hidden(world: World) {
    let id = world.add(guideline(ScopeRef::GLOBAL, "tabs", 1)).await.id;
    written(world.write(world.deactivating(EntryKind::Guideline, id)).await);
    assert_eq!(world.update(id, new_content("better", "ada")).await.version, 3);
    let entry = world.get(EntryKind::Guideline, id).await.unwrap();
    assert_eq!((entry.is_active, entry.version.body.text()), (false, "better"));
}

/// A patch of knowledge that keeps everything.
fn nothing() -> EntryPatch {
    EntryPatch {
        name: None,
        category: None,
        tags: None,
        metadata: None,
        body: BodyPatch::Knowledge {
            content: None,
            confidence: None,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        updated_by: None,
        change_reason: None,
    }
}

pub(crate) async fn what_would_end_before_it_begins_is_refused(world: World) {
    let mut draft = knowledge(ScopeRef::GLOBAL, "ports");
    if let EntryBody::Knowledge { valid_until_ms, .. } = &mut draft.body {
        *valid_until_ms = Some(9);
    }
    let id = world.add(draft).await.id;
    let with = |from: Option<i64>, until: Option<i64>| {
        let mut patch = nothing();
        if let BodyPatch::Knowledge { valid_from_ms, valid_until_ms, .. } = &mut patch.body {
            (*valid_from_ms, *valid_until_ms) = (from.map(Some), until.map(Some));
        }
        patch
    };
    for (from, until) in [(Some(9), None), (Some(20), Some(20))] {
        let refused = world.refusal(world.updating(id, with(from, until))).await;
        assert_eq!(refused.field.as_deref(), Some("validUntil"), "{refused}");
    }
    assert_eq!(world.update(id, with(Some(8), None)).await.version, 2);
    assert_eq!(world.update(id, with(Some(20), Some(21))).await.version, 3);
}

pub(crate) async fn patches_keep_set_and_clear(world: World) {
    let mut draft = knowledge(ScopeRef::GLOBAL, "ports");
    draft.category = Some("fact".to_owned());
    draft.tags = vec!["net".to_owned()];
    draft.metadata = Some(Json("{}".to_owned()));
    let EntryBody::Knowledge { source, valid_until_ms, .. } = &mut draft.body else { unreachable!() };
    (*source, *valid_until_ms) = (Some("docs".to_owned()), Some(9));
    let id = world.add(draft).await.id;
    let nothing = nothing();
    let before = world.get(EntryKind::Knowledge, id).await.unwrap();
    world.update(id, nothing.clone()).await;
    let kept = world.get(EntryKind::Knowledge, id).await.unwrap();
    assert_eq!(kept.version.body, before.version.body);
    assert_eq!(
        (&kept.tags, &kept.category, &kept.metadata),
        (&before.tags, &before.category, &before.metadata)
    );

    let successor = world.clock.new_id();
    let change = EntryPatch {
        category: Some(None),
        tags: Some(vec!["a".to_owned(), "b".to_owned()]),
        metadata: Some(None),
        body: BodyPatch::Knowledge {
            content: Some("80 and 443".to_owned()),
            confidence: Some(0.5),
            source: Some(None),
            valid_from_ms: Some(Some(3)),
            valid_until_ms: Some(None),
            invalidated_by: Some(Some(successor)),
        },
        ..nothing
    };
    world.update(id, change).await;
    let changed = world.get(EntryKind::Knowledge, id).await.unwrap();
    assert_eq!((changed.tags.len(), changed.category, changed.metadata), (2, None, None));
    let expected = EntryBody::Knowledge {
        content: "80 and 443".to_owned(),
        confidence: 0.5,
        source: None,
        valid_from_ms: Some(3),
        valid_until_ms: None,
        invalidated_by: Some(successor),
    };
    assert_eq!(changed.version.body, expected);
}
