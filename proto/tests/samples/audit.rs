//! The audit.

use agent_memory_proto::{Request, Response, model::*, request::ReadAudit, response::AuditPage};

use super::{AT_MS, id, text, values::encoded};

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

pub(super) fn responses() -> Vec<Response> {
    let entry = AuditEntry {
        number: 40,
        at_ms: AT_MS,
        action: AuditAction::ForceUnlock,
        kind: AuditKind::FileLock,
        id: Some(id(7)),
        scope: Some(ScopeRef::project(id(2))),
        before_version: Some(2),
        after_version: Some(3),
        times: 1,
        detail: text("/repo/a"),
        agent: text("claude"),
        session: Some(id(3)),
        via: AuditVia::Mcp,
        host: "build-7".to_owned(),
        daemon: id(9),
    };
    vec![Response::Audit(AuditPage { entries: vec![entry], next: Some(40) })]
}

/// Every action, kind and way, by its name.
pub(super) fn small_values() -> Vec<(String, Vec<u8>)> {
    let mut all = encoded("audit_action", AuditAction::ALL.map(|one| (one.name().to_owned(), one)).into());
    all.extend(encoded("audit_kind", AuditKind::ALL.map(|one| (one.name().to_owned(), one)).into()));
    all.extend(encoded("audit_via", AuditVia::ALL.map(|one| (one.name().to_owned(), one)).into()));
    all
}
