//! Locks of files.

use std::fmt::Write as _;

use agent_memory_proto::{
    model::FileLock,
    response::{CheckedIn, CheckedOut, FileLockPage, FileLockStatus},
};

use super::{RECALLED, list, one_line, when};

pub(super) fn checked_out(report: &CheckedOut) -> String {
    let mut out = if report.renewed { "Renewed: " } else { "Checked out: " }.to_owned();
    line(&mut out, &report.lock);
    out
}

pub(super) fn checked_in(report: &CheckedIn) -> String {
    let how = if report.forced { "Unlocked by force" } else { "Checked in" };
    format!("{how}: {}", one_line(&report.lock.path))
}

pub(super) fn status(status: &FileLockStatus) -> String {
    let mut out = String::new();
    match &status.lock {
        Some(lock) => {
            out.push_str("Checked out: ");
            line(&mut out, lock);
        }
        None => {
            let _ = write!(out, "Not checked out: {}", one_line(&status.path));
        }
    }
    if status.waiting > 0 {
        let _ = write!(out, " · {} wait for it", status.waiting);
    }
    out
}

pub(super) fn page(page: &FileLockPage) -> String {
    let heading = format!("{RECALLED} {} files are checked out:", page.locks.len());
    list("No file is checked out.", &heading, &page.locks, page.has_more, line)
}

fn line(out: &mut String, lock: &FileLock) {
    let _ = write!(out, "{} · token {} · by {:?}", one_line(&lock.path), lock.token, lock.agent_id);
    if let Some(session) = lock.session_id {
        let _ = write!(out, " (session {session})");
    }
    let _ = write!(out, " · since {} until {}", when(lock.acquired_at_ms), when(lock.expires_at_ms));
    if let Some(reason) = &lock.reason {
        let _ = write!(out, " · reason: {:?}", one_line(reason));
    }
}
