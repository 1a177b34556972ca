//! The audit.

use agent_memory_proto::{Request, Response, model::*, request::ReadAudit, response::AuditPage};

use super::{AT_MS, id, text};

pub(super) fn requests() -> Vec<Request> {
    vec![
        Request::ReadAudit(ReadAudit::all(20, None)),
        Request::ReadAudit(ReadAudit {
            agent: text("claude"),
            action: Some(AuditAction::ForceUnlock),
            scope: Some(ScopeRef::project(id(2))),
            id: Some(id(7)),
            since_ms: Some(AT_MS),
            until_ms: Some(AT_MS + 1),
            before: Some(1_000),
            limit: 100,
            admin_key: text("sesame"),
        }),
    ]
}

/// One line for each action, and so for each kind and each way.
pub(super) fn responses() -> Vec<Response> {
    let line = |place: usize, action| AuditEntry {
        number: 40,
        at_ms: AT_MS,
        action,
        kind: AuditKind::ALL[place % AuditKind::ALL.len()],
        id: Some(id(7)),
        scope: Some(ScopeRef::project(id(2))),
        before_version: Some(2),
        after_version: Some(3),
        times: 1,
        detail: text("/work/a"),
        agent: text("claude"),
        session: Some(id(3)),
        via: AuditVia::ALL[place % AuditVia::ALL.len()],
        host: "build-7".to_owned(),
        daemon: id(9),
    };
    let entries = AuditAction::ALL.into_iter().enumerate().map(|(place, action)| line(place, action));
    vec![Response::Audit(AuditPage { entries: entries.collect(), next: Some(40) })]
}
