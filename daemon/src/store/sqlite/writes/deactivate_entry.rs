//! Hides an entry. It gets a new version with the same content, so that its history tells who hid
//! it, when and why.

use agent_memory_proto::{
    model::{EntryKind, Id},
    response::WriteAction,
};
use rusqlite::Connection;

use super::{Applied, entries_reply, entry_rows, report};

/// Who hides, when and why.
pub(super) struct Deactivation {
    pub(super) version_id: Id,
    pub(super) updated_by: Option<String>,
    pub(super) change_reason: Option<String>,
    pub(super) at_ms: i64,
}

pub(super) fn apply(connection: &Connection, kind: EntryKind, id: Id, change: Deactivation) -> Applied {
    let Deactivation { version_id, updated_by, change_reason, at_ms } = change;
    let mut stored = entry_rows::load(connection, kind, id)?;
    let entry = &mut stored.entry;
    if !entry.is_active {
        let (answer, _) = report(entry, WriteAction::Deactivated, at_ms, updated_by.as_deref());
        return Ok((entries_reply(vec![answer], false), Vec::new()));
    }
    entry_rows::keep_version(connection, stored.rowid)?;
    entry.is_active = false;
    entry.updated_at_ms = at_ms;
    entry.updated_by.clone_from(&updated_by);
    entry.version.id = version_id;
    entry.version.number += 1;
    entry.version.created_at_ms = at_ms;
    entry.version.created_by = updated_by;
    entry.version.change_reason = change_reason;
    entry.version.conflict = false;
    entry_rows::update(connection, &stored)?;
    let by = stored.entry.updated_by.as_deref();
    let (answer, change) = report(&stored.entry, WriteAction::Deactivated, at_ms, by);
    Ok((entries_reply(vec![answer], false), vec![change]))
}
