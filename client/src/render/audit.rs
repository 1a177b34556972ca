//! The audit.

use agent_memory_proto::{model::AuditEntry, response::AuditPage};
use serde_json::{Value, json};

use super::{object, put_scope, time};

/// A line of the audit.
#[must_use]
pub fn audit_entry(entry: &AuditEntry) -> Value {
    let mut fields = object(json!({
        "number": entry.number,
        "at": time(entry.at_ms),
        "action": entry.action,
        "kind": entry.kind,
        "id": entry.id,
        "beforeVersion": entry.before_version,
        "afterVersion": entry.after_version,
        "times": entry.times,
        "detail": entry.detail,
        "agentId": entry.agent,
        "who": entry.who(),
        "sessionId": entry.session,
        "via": entry.via,
        "host": entry.host,
        "daemonId": entry.daemon,
    }));
    if let Some(scope) = entry.scope {
        put_scope(&mut fields, scope);
    }
    Value::Object(fields)
}

pub(super) fn page(page: &AuditPage) -> Value {
    let mut fields = object(super::list("audit", page.entries.iter().map(audit_entry), page.next.is_some()));
    fields.insert("next".to_owned(), json!(page.next));
    Value::Object(fields)
}
