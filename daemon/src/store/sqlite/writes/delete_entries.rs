//! Removes entries and their history for good, all or none.

use agent_memory_proto::{
    model::{EntryKind, Id},
    response::WriteAction,
};
use rusqlite::Connection;

use super::{Applied, at_position, entries_reply, entry_rows, report};
use crate::store::{StoreError, sqlite::index};

pub(super) fn apply(
    connection: &Connection,
    kind: EntryKind,
    ids: &[Id],
    bulk: bool,
    deleted_by: Option<&str>,
    at_ms: i64,
) -> Applied {
    let mut written = Vec::with_capacity(ids.len());
    let mut changes = Vec::with_capacity(ids.len());
    for (position, id) in ids.iter().enumerate() {
        let stored = entry_rows::load(connection, kind, *id)
            .map_err(|error| at_position(error, bulk, "ids", position))?;
        remove(connection, stored.rowid, &stored.entry.tags)?;
        let (answer, change) = report(&stored.entry, WriteAction::Deleted, at_ms, deleted_by);
        written.push(answer);
        changes.push(change);
    }
    Ok((entries_reply(written, bulk), changes))
}

/// Removes every row of one entry; its versions and conflicts go with it.
fn remove(connection: &Connection, rowid: i64, tags: &[String]) -> Result<(), StoreError> {
    entry_rows::remove_tags(connection, rowid, tags)?;
    index::remove(connection, rowid)?;
    connection.prepare_cached("DELETE FROM entries WHERE rowid = ?1")?.execute([rowid])?;
    Ok(())
}
