//! Events, as `watch` prints them.

use agent_memory_proto::Event;
use serde_json::{Value, json};

use super::{object, put_scope};

/// An event.
#[must_use]
pub fn event(event: &Event) -> Value {
    match event {
        Event::EntryChanged { entry_id, kind, scope, action, version, changed_by } => {
            let mut fields = object(json!({
                "event": "entry_changed",
                "action": action.name(),
                "entryType": kind.name(),
                "id": entry_id,
                "version": version,
                "changedBy": changed_by,
            }));
            put_scope(&mut fields, *scope);
            Value::Object(fields)
        }
        Event::TaskChanged { task_id, scope, action, status, assignee, version, changed_by } => {
            let mut fields = object(json!({
                "event": "task_changed",
                "action": action.name(),
                "id": task_id,
                "status": status,
                "assignee": assignee,
                "version": version,
                "changedBy": changed_by,
            }));
            put_scope(&mut fields, *scope);
            Value::Object(fields)
        }
        Event::ShuttingDown { retry_after_ms } => {
            json!({ "event": "shutting_down", "retryAfterMs": retry_after_ms })
        }
        Event::Lagged { missed } => json!({ "event": "lagged", "missed": missed }),
        Event::BreakerChanged { service, state, retry_after_ms } => json!({
            "event": "breaker_changed",
            "service": service,
            "state": state.name(),
            "retryAfterMs": retry_after_ms,
        }),
        Event::ChangesMissed { reason } => json!({ "event": "changes_missed", "reason": reason }),
    }
}
