//! The full-text index. Every write of an entry goes through here, so that the index never differs
//! from the entries; which words go into it is decided by `text`.

use agent_memory_proto::model::Entry;
use rusqlite::Connection;

use super::columns::BodyColumns;
use crate::{store::StoreError, text::entry::IndexedEntry};

/// What the index holds of an entry.
pub(super) fn text_of(entry: &Entry) -> IndexedEntry {
    IndexedEntry::of(&entry.name, &entry.tags, entry.category.as_deref(), &entry.version.body)
}

/// Whether two states of an entry have the same words: finding them takes as long as storing them.
pub(super) fn reads_the_same(one: &Entry, other: &Entry) -> bool {
    let texts = |entry| {
        let body = BodyColumns::from(entry);
        [
            Some(body.content),
            body.rationale,
            body.source,
            body.constraints,
            body.examples,
            body.parameters,
            body.verification_rules,
        ]
    };
    one.name == other.name
        && one.tags == other.tags
        && one.category == other.category
        && texts(&one.version.body) == texts(&other.version.body)
}

pub(super) fn insert(connection: &Connection, rowid: i64, text: &IndexedEntry) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO entry_index (rowid, name, tags, content, scope) \
             VALUES (?1, ?2, ?3, ?4, 's' || (SELECT scope FROM entries WHERE rowid = ?1))",
        )?
        .execute((rowid, &text.name, &text.tags, &text.content))?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, rowid: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM entry_index WHERE rowid = ?1")?.execute([rowid])?;
    Ok(())
}
