//! The full-text index. Every write of an entry goes through here, so that the index never differs
//! from the entries; which words go into it is decided by `text`.

use rusqlite::Connection;

use crate::{store::StoreError, text::entry::IndexedEntry};

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
