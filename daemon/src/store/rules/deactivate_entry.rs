//! Hides an entry. It gets a new version with the same content, so that its history tells who hid
//! it, when and why.

use agent_memory_proto::{
    model::{EntryKind, Id},
    response::WriteAction,
};

use super::{
    Applied,
    refusals::no_entry,
    reports::{entries_reply, report},
    transaction::WriteTransaction,
};

/// Who hides, when and why.
pub(super) struct Deactivation {
    pub(super) version_id: Id,
    pub(super) updated_by: Option<String>,
    pub(super) change_reason: Option<String>,
    pub(super) at_ms: i64,
}

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    kind: EntryKind,
    id: Id,
    change: Deactivation,
) -> Applied {
    let Deactivation { version_id, updated_by, change_reason, at_ms } = change;
    let old = rows.entry(kind, id).await?.ok_or_else(|| no_entry(kind, id))?;
    if !old.entry.is_active {
        let (answer, _) = report(&old.entry, WriteAction::Deactivated, at_ms, updated_by.as_deref());
        return Ok((entries_reply(vec![answer], false), Vec::new()));
    }
    let mut entry = old.entry.clone();
    entry.is_active = false;
    entry.updated_at_ms = at_ms;
    entry.updated_by.clone_from(&updated_by);
    entry.version.id = version_id;
    entry.version.number += 1;
    entry.version.created_at_ms = at_ms;
    entry.version.created_by = updated_by;
    entry.version.change_reason = change_reason;
    entry.version.conflict = false;
    rows.replace_entry(&old, &entry).await?;
    let (answer, change) = report(&entry, WriteAction::Deactivated, at_ms, entry.updated_by.as_deref());
    Ok((entries_reply(vec![answer], false), vec![change]))
}
