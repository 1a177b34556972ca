//! Locks of files, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::FileLock,
    response::{CheckedIn, CheckedOut, FileLockStatus},
};

use super::{
    style::{Style, more},
    tables::fields,
};

pub(crate) fn checked_out(style: Style, report: &CheckedOut) -> String {
    lock(style, if report.renewed { "renewed" } else { "checked out" }, &report.lock)
}

pub(crate) fn checked_in(style: Style, report: &CheckedIn) -> String {
    lock(style, if report.forced { "unlocked by force" } else { "checked in" }, &report.lock)
}

pub(crate) fn status(style: Style, status: &FileLockStatus) -> String {
    match &status.lock {
        Some(held) => lock(style, "is checked out:", held),
        None => format!("{} is not checked out", status.path),
    }
}

pub(crate) fn page(style: Style, locks: &[FileLock], has_more: bool) -> String {
    let rows = locks.iter().map(|lock| {
        vec![
            lock.path.clone(),
            lock.agent_id.clone(),
            lock.token.to_string(),
            times::format(lock.acquired_at_ms),
            times::format(lock.expires_at_ms),
            lock.reason.clone().unwrap_or_default(),
        ]
    });
    style.table(&["file", "agent", "token", "since", "until", "reason"], rows) + more(has_more)
}

fn lock(style: Style, what: &str, lock: &FileLock) -> String {
    fields(
        style,
        &format!("{what} {}", style.bold(&lock.path)),
        &[
            ("token", Some(lock.token.to_string())),
            ("agent", Some(lock.agent_id.clone())),
            ("session", lock.session_id.map(|id| id.to_string())),
            ("since", Some(times::format(lock.acquired_at_ms))),
            ("until", Some(times::format(lock.expires_at_ms))),
            ("reason", lock.reason.clone()),
        ],
    )
}
