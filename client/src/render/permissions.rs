//! Permissions.

use agent_memory_proto::{
    model::Permission,
    response::{PermissionChange, PermissionCheck, PermissionPage},
};
use serde_json::{Value, json};

use super::time;

/// A permission.
#[must_use]
pub fn permission(permission: &Permission) -> Value {
    json!({
        "id": permission.id,
        "agentId": permission.agent_id,
        "scopeType": permission.scope.level,
        "scopeId": permission.scope.id,
        "entryType": permission.kind,
        "entryId": Value::Null,
        "permission": permission.level,
        "createdBy": permission.created_by,
        "createdAt": time(permission.created_at_ms),
    })
}

pub(super) fn changed(change: &PermissionChange) -> Value {
    let message = if change.removed { "Permission removed" } else { "Permission set" };
    json!({
        "success": true,
        "message": message,
        "permission": permission(&change.permission),
        "removed": change.removed,
    })
}

pub(super) fn check(check: &PermissionCheck) -> Value {
    json!({
        "has_permission": check.level >= check.asked,
        "agent_id": check.agent_id,
        "permission": check.asked,
        "scope_type": check.scope.level,
        "scope_id": check.scope.id,
        "entry_type": check.kind,
        "level": check.level,
        "decidedBy": check.decided_by.as_ref().map(permission),
    })
}

pub(super) fn page(page: &PermissionPage) -> Value {
    let mut value = super::list("permissions", page.permissions.iter().map(permission), page.has_more);
    value["total"] = json!(page.total);
    value
}
