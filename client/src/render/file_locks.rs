//! Locks of files.

use agent_memory_proto::{
    model::FileLock,
    response::{CheckedIn, CheckedOut, FileLockPage, FileLockStatus},
};
use serde_json::{Value, json};

use super::time;

/// A lock.
#[must_use]
pub fn file_lock(lock: &FileLock) -> Value {
    json!({
        "id": lock.id,
        "filePath": lock.path,
        "checkedOutBy": lock.agent_id,
        "sessionId": lock.session_id,
        "projectId": lock.project_id,
        "checkedOutAt": time(lock.acquired_at_ms),
        "expiresAt": time(lock.expires_at_ms),
        "reason": lock.reason,
        "token": lock.token,
        "metadata": lock.metadata,
    })
}

pub(super) fn checked_out(report: &CheckedOut) -> Value {
    json!({
        "success": true,
        "lock": file_lock(&report.lock),
        "renewed": report.renewed,
        "waitedMs": report.waited_ms,
    })
}

pub(super) fn checked_in(report: &CheckedIn) -> Value {
    let how = if report.forced { "Unlocked by force" } else { "Checked in" };
    json!({
        "success": true,
        "message": format!("{how}: {}", report.lock.path),
        "lock": file_lock(&report.lock),
        "forced": report.forced,
    })
}

pub(super) fn status(status: &FileLockStatus) -> Value {
    json!({
        "success": true,
        "filePath": status.path,
        "isLocked": status.lock.is_some(),
        "lock": status.lock.as_ref().map(file_lock),
        "waiting": status.waiting,
    })
}

pub(super) fn page(page: &FileLockPage) -> Value {
    let mut value = super::list("locks", page.locks.iter().map(file_lock), page.has_more);
    value["success"] = json!(true);
    value["count"] = json!(page.locks.len());
    value
}
