//! Conflicts: every request and response about them.

use agent_memory_proto::{Request, Response, model::*, request::*, response::*};

use super::{AT_MS, id, text};

pub(crate) fn requests() -> Vec<Request> {
    let resolving = |pick| {
        Request::ResolveConflict(ResolveConflict {
            id: id(40),
            resolution: "ada was right".to_owned(),
            pick,
            expected_version: Some(3),
            resolved_by: text("claude"),
        })
    };
    vec![
        Request::ListConflicts(ListConflicts {
            kind: Some(EntryKind::Tool),
            resolved: Some(false),
            entry_id: Some(id(41)),
            limit: 20,
            offset: 0,
        }),
        Request::GetConflict(GetConflict { id: id(40) }),
        resolving(ConflictPick::Current),
        resolving(ConflictPick::First),
        resolving(ConflictPick::Second),
        resolving(ConflictPick::Merged("both".to_owned())),
    ]
}

pub(crate) fn responses() -> Vec<Response> {
    let version = Version {
        id: id(43),
        number: 2,
        body: EntryBody::Tool {
            description: "welds".to_owned(),
            parameters: None,
            examples: None,
            constraints: None,
        },
        created_at_ms: AT_MS,
        created_by: text("ada"),
        change_reason: None,
        conflict: true,
    };
    vec![
        Response::Conflicts(ConflictPage { conflicts: vec![conflict()], has_more: true }),
        Response::Conflict(Box::new(ConflictDetails {
            conflict: conflict(),
            first: Some(version.clone()),
            second: Some(version),
        })),
        Response::ConflictResolved(Box::new(ConflictResolved {
            conflict: conflict(),
            written: Some(Written {
                action: WriteAction::Updated,
                id: id(41),
                kind: EntryKind::Tool,
                scope: ScopeRef::GLOBAL,
                name: "welder".to_owned(),
                version: 4,
                at_ms: AT_MS,
                conflict: false,
            }),
        })),
    ]
}

fn conflict() -> Conflict {
    let side = |number| ConflictSide {
        version_id: Some(id(40 + u8::try_from(number).expect("small"))),
        version: number,
        by: text("ada"),
        at_ms: Some(AT_MS),
    };
    Conflict {
        id: id(40),
        kind: EntryKind::Tool,
        entry_id: id(41),
        entry_name: "welder".to_owned(),
        scope: ScopeRef::GLOBAL,
        entry_version: 3,
        first: side(2),
        second: side(3),
        detected_at_ms: AT_MS,
        resolved_at_ms: Some(AT_MS),
        resolved_by: text("claude"),
        resolution: text("ada was right"),
    }
}
