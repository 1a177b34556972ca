//! Hides an entry. It gets a new version with the same content, so that its history tells who hid
//! it, when and why.

use agent_memory_proto::{
    model::{Entry, EntryKind, Id},
    response::WriteAction,
};

use super::{
    Applied,
    refusals::no_entry,
    reports::{entries_reply, report},
    revision::Revision,
    transaction::WriteTransaction,
};

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    kind: EntryKind,
    id: Id,
    revision: Revision,
) -> Applied {
    let at_ms = revision.at_ms;
    let old = rows.entry(kind, id).await?.ok_or_else(|| no_entry(kind, id, "id"))?;
    if !old.entry.is_active {
        let (answer, _) = report(&old.entry, WriteAction::Deactivated, at_ms, revision.updated_by.as_deref());
        return Ok((entries_reply(vec![answer], false), Vec::new()));
    }
    let entry = Entry { is_active: false, ..revision.of(&old.entry) };
    rows.replace_entry(&old, &entry).await?;
    let (answer, change) = report(&entry, WriteAction::Deactivated, at_ms, entry.updated_by.as_deref());
    Ok((entries_reply(vec![answer], false), vec![change]))
}
