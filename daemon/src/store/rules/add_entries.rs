//! Adds entries, all or none.

use agent_memory_proto::{
    Response,
    model::{Entry, Version},
    response::WriteAction,
};

use super::{
    Applied,
    refusals::{at_position, entry_taken},
    reports::{entries_reply, report},
    scopes,
    transaction::{Step, WriteTransaction},
};
use crate::{
    store::{Change, NewEntry},
    text::entry::IndexedEntry,
};

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    entries: &[NewEntry],
    texts: &[IndexedEntry],
    bulk: bool,
    at_ms: i64,
) -> Applied {
    for (position, (new, text)) in entries.iter().zip(texts).enumerate() {
        let added = add(rows, new, text, at_ms).await;
        added.map_err(|error| at_position(error, bulk, "entries", position))?;
    }
    let Addition { reply, changes, .. } = Addition::of(entries, bulk, at_ms);
    Ok((reply, changes))
}

/// What adding entries stores, answers and tells, if nothing stands in the way.
#[derive(Debug)]
pub(in crate::store) struct Addition {
    pub(in crate::store) entries: Vec<Entry>,
    pub(in crate::store) reply: Response,
    pub(in crate::store) changes: Vec<Change>,
}

impl Addition {
    pub(in crate::store) fn of(entries: &[NewEntry], bulk: bool, at_ms: i64) -> Self {
        let entries: Vec<Entry> = entries.iter().map(|new| first_version(new, at_ms)).collect();
        let reports =
            entries.iter().map(|entry| report(entry, WriteAction::Added, at_ms, entry.created_by.as_deref()));
        let (written, changes) = reports.unzip();
        Self { entries, reply: entries_reply(written, bulk), changes }
    }
}

/// Stores one entry.
pub(super) async fn add(
    rows: &impl WriteTransaction,
    new: &NewEntry,
    text: &IndexedEntry,
    at_ms: i64,
) -> Step<Entry> {
    let scope_key = scopes::require(rows, &new.draft.scope, "scopeId").await?;
    let entry = first_version(new, at_ms);
    if rows.insert_entry(scope_key, &entry, text).await? {
        Ok(entry)
    } else {
        Err(entry_taken(rows, scope_key, &entry).await?)
    }
}

/// A new entry as it will stand.
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
