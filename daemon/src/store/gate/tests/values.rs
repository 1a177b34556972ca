//! What writes are made of, with secrets in the texts or the names, or without.

use agent_memory_proto::{
    model::{BodyPatch, EntryBody, EntryKind, Id, Json, Org, Project, ScopeRef, Session, SessionStatus},
    request::{EntryDraft, EntryPatch},
};

use crate::store::{EntryUpdate, LockClaim, LockOwner, NewEntry};

pub(super) const ID: Id = Id([1; 16]);

/// Looks like a token of GitHub, and is made here.
pub(super) fn secret() -> String {
    let drawn: String =
        (0..36_u32).map(|at| char::from(b"k3Jx9QpL0vRt2mZs7WbN"[(at * 7 % 20) as usize])).collect();
    ["gh", "p_", &drawn].concat()
}

pub(super) fn text(with: bool) -> String {
    if with { format!("the token is {}, keep it", secret()) } else { "nothing to hide".to_owned() }
}

pub(super) fn json(with: bool) -> Option<Json> {
    Some(Json(serde_json::json!({ "deep": [{ "token": text(with) }], "n": 1 }).to_string()))
}

pub(super) fn name(with: bool) -> String {
    if with { secret() } else { "name".to_owned() }
}

pub(super) fn body(kind: EntryKind, with: bool) -> EntryBody {
    match kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content: text(with),
            priority: 1,
            rationale: Some(text(with)),
            examples: json(with),
            verification_rules: json(with),
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content: text(with),
            confidence: 1.0,
            source: Some(text(with)),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: text(with),
            parameters: json(with),
            examples: json(with),
            constraints: Some(text(with)),
        },
    }
}

fn patch_body(kind: EntryKind, with: bool) -> BodyPatch {
    match kind {
        EntryKind::Guideline => BodyPatch::Guideline {
            content: Some(text(with)),
            priority: None,
            rationale: Some(Some(text(with))),
            examples: Some(json(with)),
            verification_rules: Some(json(with)),
        },
        EntryKind::Knowledge => BodyPatch::Knowledge {
            content: Some(text(with)),
            confidence: None,
            source: Some(Some(text(with))),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => BodyPatch::Tool {
            description: Some(text(with)),
            parameters: Some(json(with)),
            examples: Some(json(with)),
            constraints: Some(Some(text(with))),
        },
    }
}

/// Which texts hold a secret.
#[derive(Clone, Copy)]
pub(super) struct With {
    pub(super) texts: bool,
    pub(super) names: bool,
}

pub(super) fn draft(kind: EntryKind, with: With) -> EntryDraft {
    EntryDraft {
        scope: ScopeRef::GLOBAL,
        name: name(with.names),
        category: Some(name(with.names)),
        tags: vec![name(with.names)],
        metadata: json(with.texts),
        body: body(kind, with.texts),
        created_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    }
}

pub(super) fn new_entry(kind: EntryKind, with: With) -> NewEntry {
    NewEntry { id: ID, version_id: ID, draft: draft(kind, with) }
}

pub(super) fn update(kind: EntryKind, with: With) -> EntryUpdate {
    let patch = EntryPatch {
        name: Some(name(with.names)),
        category: Some(Some(name(with.names))),
        tags: Some(vec![name(with.names)]),
        metadata: Some(json(with.texts)),
        body: patch_body(kind, with.texts),
        updated_by: Some(name(with.names)),
        change_reason: Some(text(with.texts)),
    };
    EntryUpdate { id: ID, version_id: ID, expected_version: None, patch }
}

pub(super) fn org(with: With) -> Org {
    Org { id: ID, name: name(with.names), metadata: json(with.texts), created_at_ms: 0 }
}

pub(super) fn project(with: With) -> Project {
    Project {
        id: ID,
        org_id: None,
        name: name(with.names),
        description: Some(text(with.texts)),
        root_path: Some(format!("/{}", name(with.names))),
        metadata: json(with.texts),
        created_at_ms: 0,
        updated_at_ms: 0,
    }
}

pub(super) fn session(with: With) -> Session {
    Session {
        id: ID,
        project_id: None,
        name: Some(name(with.names)),
        purpose: Some(text(with.texts)),
        agent_id: Some(name(with.names)),
        status: SessionStatus::Active,
        metadata: json(with.texts),
        started_at_ms: 0,
        ended_at_ms: None,
    }
}

pub(super) fn claim(with: With) -> LockClaim {
    LockClaim {
        id: ID,
        path: format!("/{}", name(with.names)),
        owner: LockOwner { agent_id: name(with.names), session_id: None },
        project_id: None,
        reason: Some(text(with.texts)),
        metadata: json(with.texts),
        ttl_ms: 1,
        ticket: None,
    }
}
