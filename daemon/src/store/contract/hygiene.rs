//! Entries that make room for others, and steps that are taken together.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Response, limits,
    model::{EntryBody, EntryKind, Id, ScopeRef},
    request::EntryDraft,
    response::{EntryAdded, RememberedInstead, SimilarEntry, WriteAction, Written},
};

use super::{
    fixtures::{START_MS, World, guideline, knowledge, new_content},
    search::search_for,
};
use crate::store::{SimilarQuery, Succession, Tidy, TidyChange, TidyStep, Write};

impl World {
    fn succeeding(&self, draft: EntryDraft, supersedes: &[Id]) -> Write {
        let supersedes = supersedes.iter().map(|id| (*id, self.clock.new_id())).collect();
        let entry = self.new_entry(draft);
        Write::Succeed(Box::new(Succession { entry, inferred_by: None, supersedes }))
    }

    async fn succeed(&self, draft: EntryDraft, supersedes: &[Id]) -> EntryAdded {
        match self.write(self.succeeding(draft, supersedes)).await {
            Ok(Response::EntryAdded(added)) => *added,
            other => panic!("not added: {other:?}"),
        }
    }

    async fn alike(&self, draft: &EntryDraft, kinds: &[EntryKind], similarity_min: f64) -> Vec<SimilarEntry> {
        let query = SimilarQuery {
            name: draft.name.clone(),
            text: draft.body.text().to_owned(),
            kinds: kinds.to_vec(),
            scopes: vec![draft.scope],
            similarity_min,
            limit: 10,
            deadline: Instant::now() + Duration::from_secs(20),
        };
        self.store.search.similar(query).await.expect("similar entries")
    }

    fn step(&self, of: &Written, expected_version: u32, change: TidyChange) -> TidyStep {
        let version_id = self.clock.new_id();
        TidyStep { kind: of.kind, id: of.id, expected_version, version_id, change }
    }
}

fn tidying(steps: Vec<TidyStep>) -> Write {
    let by = Some("carol".to_owned());
    Write::Tidy(Box::new(Tidy { scope: ScopeRef::GLOBAL, steps, by, answer: Response::Done }))
}

pub(crate) async fn what_is_superseded_makes_room_for_its_successor(world: World) {
    let port = world.add(knowledge(ScopeRef::GLOBAL, "port of the server")).await;
    let rule = world.add(guideline(ScopeRef::GLOBAL, "port rule", 50)).await;
    world.changes.lock().unwrap().clear();
    world.clock.advance(1_000);
    let added = world.succeed(knowledge(ScopeRef::GLOBAL, "new port"), &[rule.id, port.id]).await;
    assert_eq!(
        added.superseded.iter().map(|one| (one.id, one.action, one.version)).collect::<Vec<_>>(),
        [(rule.id, WriteAction::Deactivated, 2), (port.id, WriteAction::Deactivated, 2)]
    );
    assert_eq!(world.changes.lock().unwrap().len(), 3, "each is told");

    let reason = Some(format!("superseded by {}", added.written.id));
    let hidden = world.get(EntryKind::Knowledge, port.id).await.expect("kept");
    assert_eq!((hidden.is_active, &hidden.version.change_reason), (false, &reason));
    assert_eq!(hidden.updated_by.as_deref(), Some("ada"));
    let EntryBody::Knowledge { valid_until_ms, invalidated_by, .. } = hidden.version.body else {
        panic!("knowledge")
    };
    assert_eq!((valid_until_ms, invalidated_by), (Some(START_MS + 1_000), Some(added.written.id)));
    let hidden = world.get(EntryKind::Guideline, rule.id).await.expect("kept");
    assert_eq!((hidden.is_active, hidden.version.change_reason), (false, reason));

    assert_eq!(world.hits(search_for("port")).await, [added.written.id]);
    let mut then = search_for("port");
    then.at_time_ms = Some(START_MS + 500);
    assert!(world.hits(then.clone()).await.contains(&port.id), "it was known then");
    then.at_time_ms = Some(START_MS + 1_500);
    assert!(!world.hits(then).await.contains(&port.id));
    let similar = world.alike(&knowledge(ScopeRef::GLOBAL, "port of the server"), &[], 0.3).await;
    assert_eq!(similar.iter().map(|entry| entry.id).collect::<Vec<_>>(), [added.written.id]);
}

pub(crate) async fn a_successor_needs_what_it_supersedes(world: World) {
    let old = world.add(knowledge(ScopeRef::GLOBAL, "port")).await;
    let nobody = world.clock.new_id();
    let refused =
        world.refusal(world.succeeding(knowledge(ScopeRef::GLOBAL, "new"), &[old.id, nobody])).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("supersedes[1]")));
    assert!(world.get(EntryKind::Knowledge, old.id).await.expect("there").is_active, "nothing was changed");
    world.succeed(knowledge(ScopeRef::GLOBAL, "new"), &[old.id]).await;
    let refused = world.refusal(world.succeeding(knowledge(ScopeRef::GLOBAL, "newer"), &[old.id])).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("supersedes[0]")));
    assert!(refused.message.contains("superseded by"), "{refused:?}");

    let mut same = world.new_entry(knowledge(ScopeRef::GLOBAL, "self"));
    same.draft.tags = vec!["a".to_owned()];
    let itself = vec![(same.id, world.clock.new_id())];
    let write = Write::Succeed(Box::new(Succession { entry: same, inferred_by: None, supersedes: itself }));
    assert_eq!(world.refusal(write).await.code, ErrorCode::InvalidParameter);

    let entry = world.new_entry(knowledge(ScopeRef::GLOBAL, "told"));
    let supersedes = vec![(world.add(guideline(ScopeRef::GLOBAL, "rule", 5)).await.id, world.clock.new_id())];
    let inferred_by = Some("a rule".to_owned());
    match world.write(Write::Succeed(Box::new(Succession { entry, inferred_by, supersedes }))).await {
        Ok(Response::RememberedInstead(told)) => {
            let RememberedInstead { remembered, superseded } = *told;
            assert_eq!((remembered.inferred_by.as_str(), superseded.len()), ("a rule", 1));
        }
        other => panic!("not remembered: {other:?}"),
    }
}

pub(crate) async fn steps_are_taken_together_or_not_at_all(world: World) {
    let best = world.add(guideline(ScopeRef::GLOBAL, "best", 90)).await;
    let other = world.add(guideline(ScopeRef::GLOBAL, "other", 10)).await;
    let old = world.add(knowledge(ScopeRef::GLOBAL, "old")).await;
    let merged = TidyChange::Merge {
        body: guideline(ScopeRef::GLOBAL, "both", 90).body,
        tags: vec!["joined".to_owned()],
        reason: "merged: 1 line".to_owned(),
    };
    let steps = |other_version| {
        vec![
            world.step(&best, 1, merged.clone()),
            world.step(&old, 1, TidyChange::Hide { reason: "archived".to_owned() }),
            world.step(&other, other_version, TidyChange::Supersede { successor: best.id }),
        ]
    };
    let refused = world.refusal(tidying(steps(2))).await;
    assert_eq!((refused.code, refused.value), (ErrorCode::Conflict, Some(other.id.to_string())));
    assert_eq!(world.get(EntryKind::Guideline, best.id).await.expect("there").version.number, 1);
    assert!(world.get(EntryKind::Knowledge, old.id).await.expect("there").is_active);

    assert_eq!(world.write(tidying(steps(1))).await, Ok(Response::Done));
    let best_now = world.get(EntryKind::Guideline, best.id).await.expect("there");
    assert_eq!((best_now.version.number, best_now.version.body.text()), (2, "What both says"));
    assert_eq!((best_now.name.as_str(), best_now.tags), ("best", vec!["joined".to_owned()]));
    assert_eq!(world.hits(search_for("says")).await, [best.id]);
    assert_eq!(best_now.updated_by.as_deref(), Some("carol"));
    let keep = world.step(&other, 2, TidyChange::Keep);
    assert_eq!(world.refusal(tidying(vec![keep])).await.code, ErrorCode::Conflict, "it is hidden");
    world.update(best.id, new_content("else", "ada")).await;
    assert_eq!(world.write(tidying(Vec::new())).await, Ok(Response::Done));
}

pub(crate) async fn entries_are_as_alike_from_either_side(world: World) {
    let say = |name: &str, text: &str| {
        let mut draft = guideline(ScopeRef::GLOBAL, name, 50);
        if let EntryBody::Guideline { content, .. } = &mut draft.body {
            text.clone_into(content);
        }
        draft
    };
    let one = say("before a deploy", "Always run the database migrations before deploying the server");
    let other =
        say("deploying", "Run database migrations before you deploy the server, always, and tell ada");
    let (one_id, other_id) = (world.add(one.clone()).await.id, world.add(other.clone()).await.id);
    world.add(say("tabs", "Indent with tabs")).await;
    let mut known = knowledge(ScopeRef::GLOBAL, "deploying");
    known.body = EntryBody::Knowledge {
        content: other.body.text().to_owned(),
        confidence: 1.0,
        source: None,
        valid_from_ms: None,
        valid_until_ms: None,
        invalidated_by: None,
    };
    world.add(known).await;
    let kinds = [EntryKind::Guideline];
    let from_one = world.alike(&one, &kinds, limits::SIMILARITY_MIN).await;
    let from_other = world.alike(&other, &kinds, limits::SIMILARITY_MIN).await;
    let ids = |found: &[SimilarEntry]| found.iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!((ids(&from_one), ids(&from_other)), (vec![one_id, other_id], vec![other_id, one_id]));
    assert!((from_one[1].similarity - from_other[1].similarity).abs() < f64::EPSILON);
    assert!((from_one[0].similarity - 1.0).abs() < f64::EPSILON);
    let bar = from_one[1].similarity;
    assert_eq!(world.alike(&one, &kinds, bar).await.len(), 2, "the bar itself is enough");
    assert_eq!(world.alike(&one, &kinds, bar + 0.01).await.len(), 1);
    assert_eq!(world.alike(&other, &[], limits::SIMILARITY_MIN).await.len(), 3, "of every kind");
}
