//! Hygiene: every request and response about entries that make room for others, are joined, or are forgotten.

use agent_memory_proto::{Request, Response, model::*, request::*, response::*};

use super::{AT_MS, id, tags, text};

pub(crate) fn requests() -> Vec<Request> {
    let scope = ScopeRef::project(id(2));
    let consolidate = |action, dry_run| {
        Request::Consolidate(Box::new(Consolidate {
            action,
            scope,
            kinds: vec![EntryKind::Tool],
            threshold: 0.75,
            stale_days: 90,
            limit: 20,
            cursor: None,
            dry_run,
            consolidated_by: text("claude"),
        }))
    };
    let forget = |strategy, dry_run| {
        Request::Forget(Box::new(Forget {
            scope,
            kinds: vec![EntryKind::Guideline],
            strategy,
            stale_days: 30,
            importance_threshold: 0.25,
            limit: 10,
            cursor: None,
            dry_run,
            forgotten_by: text("claude"),
        }))
    };
    let mut all = succeeding();
    all.extend([
        consolidate(ConsolidateAction::FindSimilar, true),
        consolidate(ConsolidateAction::Dedupe, false),
        consolidate(ConsolidateAction::Merge, false),
        consolidate(ConsolidateAction::ArchiveStale, false),
        forget(ForgetStrategy::Recency, true),
        forget(ForgetStrategy::Frequency, false),
        forget(ForgetStrategy::Importance, false),
        forget(ForgetStrategy::Combined, false),
    ]);
    all
}

fn succeeding() -> Vec<Request> {
    let body = EntryBody::Tool {
        description: "welds".to_owned(),
        parameters: None,
        examples: None,
        constraints: None,
    };
    let scope = ScopeRef::project(id(2));
    let draft = EntryDraft {
        scope,
        name: "welder".to_owned(),
        category: None,
        tags: tags(),
        metadata: None,
        body,
        created_by: text("claude"),
        change_reason: None,
    };
    let add = AddEntry { id: Some(id(50)), draft };
    let remember = Remember {
        text: "We weld with argon".to_owned(),
        scope,
        force_kind: Some(EntryKind::Knowledge),
        priority: Some(60),
        tags: tags(),
    };
    vec![
        Request::AddEntryInstead(Box::new(AddEntryInstead {
            add,
            supersedes: vec![id(51)],
            find_similar: true,
        })),
        Request::RememberInstead(Box::new(RememberInstead { remember, supersedes: vec![id(51), id(52)] })),
    ]
}

pub(crate) fn responses(written: &Written, remembered: Remembered) -> Vec<Response> {
    let similar = remembered.similar.clone();
    let entry = |priority, confidence| TidiedEntry {
        id: id(50),
        kind: EntryKind::Tool,
        name: "welder".to_owned(),
        version: 2,
        updated_at_ms: AT_MS,
        priority,
        confidence,
        similarity: 0.75,
    };
    let group = SimilarGroup {
        best: entry(Some(90), None),
        others: vec![entry(None, Some(0.5))],
        taken: text("1 line from elsewhere"),
        left_alone: text("it would be too long"),
    };
    let scope = ScopeRef::project(id(2));
    vec![
        Response::EntryAdded(Box::new(EntryAdded {
            written: written.clone(),
            superseded: vec![written.clone()],
            similar,
        })),
        Response::RememberedInstead(Box::new(RememberedInstead {
            remembered,
            superseded: vec![written.clone()],
        })),
        Response::Consolidated(Box::new(Consolidated {
            action: ConsolidateAction::Merge,
            scope,
            dry_run: true,
            threshold: 0.75,
            stale_days: 90,
            examined: 1_000,
            protected: 2,
            groups: vec![group],
            stale: vec![entry(None, None)],
            next_cursor: text("c1"),
        })),
        Response::Forgotten(Box::new(Forgotten {
            strategy: ForgetStrategy::Combined,
            scope,
            dry_run: false,
            stale_days: 30,
            importance_threshold: 0.25,
            examined: 1_000,
            protected: 2,
            entries: vec![entry(None, None)],
            next_cursor: None,
        })),
    ]
}
