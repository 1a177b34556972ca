//! Adds entries, all or none.

use agent_memory_proto::{
    model::{Entry, Version},
    response::WriteAction,
};
use rusqlite::Connection;

use super::{Applied, at_position, entries_reply, entry_rows, report};
use crate::{
    store::{
        NewEntry, StoreError,
        sqlite::{index, scope_keys},
    },
    text::entry::IndexedEntry,
};

pub(super) fn apply(
    connection: &Connection,
    entries: &[NewEntry],
    texts: &[IndexedEntry],
    bulk: bool,
    at_ms: i64,
) -> Applied {
    let mut written = Vec::with_capacity(entries.len());
    let mut changes = Vec::with_capacity(entries.len());
    for (position, (new, text)) in entries.iter().zip(texts).enumerate() {
        let entry = add(connection, new, text, at_ms)
            .map_err(|error| at_position(error, bulk, "entries", position))?;
        let (answer, change) = report(&entry, WriteAction::Added, at_ms, entry.created_by.as_deref());
        written.push(answer);
        changes.push(change);
    }
    Ok((entries_reply(written, bulk), changes))
}

/// Stores one entry.
pub(super) fn add(
    connection: &Connection,
    new: &NewEntry,
    text: &IndexedEntry,
    at_ms: i64,
) -> Result<Entry, StoreError> {
    let scope_key = scope_keys::require(connection, &new.draft.scope)?;
    let entry = first_version(new, at_ms);
    let rowid = entry_rows::insert(connection, scope_key, &entry)?;
    entry_rows::add_tags(connection, rowid, &entry.tags)?;
    index::insert(connection, rowid, text)?;
    Ok(entry)
}

fn first_version(new: &NewEntry, at_ms: i64) -> Entry {
    let draft = new.draft.clone();
    Entry {
        id: new.id,
        scope: draft.scope,
        name: draft.name,
        category: draft.category,
        tags: draft.tags,
        metadata: draft.metadata,
        is_active: true,
        created_at_ms: at_ms,
        created_by: draft.created_by.clone(),
        updated_at_ms: at_ms,
        updated_by: draft.created_by.clone(),
        version: Version {
            id: new.version_id,
            number: 1,
            body: draft.body,
            created_at_ms: at_ms,
            created_by: draft.created_by,
            change_reason: draft.change_reason,
            conflict: false,
        },
    }
}
