//! Removes entries and their history for good, all or none.

use agent_memory_proto::{
    model::{EntryKind, Id},
    response::WriteAction,
};

use super::{
    Applied,
    refusals::{at_position, no_entry},
    reports::{entries_reply, report},
    transaction::WriteTransaction,
};

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    kind: EntryKind,
    ids: &[Id],
    bulk: bool,
    deleted_by: Option<&str>,
    at_ms: i64,
) -> Applied {
    let mut written = Vec::with_capacity(ids.len());
    let mut changes = Vec::with_capacity(ids.len());
    for (position, id) in ids.iter().enumerate() {
        let stored = rows.entry(kind, *id).await?;
        let stored = stored.ok_or_else(|| at_position(no_entry(kind, *id, "id"), bulk, "ids", position))?;
        rows.remove_entry(&stored).await?;
        let (answer, change) = report(&stored.entry, WriteAction::Deleted, at_ms, deleted_by);
        written.push(answer);
        changes.push(change);
    }
    Ok((entries_reply(written, bulk), changes))
}
