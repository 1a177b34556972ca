//! Moves entries from one scope to another.

use std::sync::LazyLock;

use rusqlite::Connection;

use crate::store::{
    StoreError,
    rules::{StoredEntry, text_of},
    sqlite::{
        columns::{ENTRY, ENTRY_COUNT, entry_from_row, kind_code},
        index,
    },
};

/// The entries of a scope, hidden or not, by id: so many at most.
pub(super) fn entries_in(
    connection: &Connection,
    scope_key: i64,
    limit: usize,
) -> Result<Vec<StoredEntry>, StoreError> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {ENTRY}, e.rowid FROM entries e CROSS JOIN scopes s ON s.key = e.scope WHERE e.scope = ?1 \
             ORDER BY e.id LIMIT ?2"
        )
    });
    let mut statement = connection.prepare_cached(&SQL)?;
    let rows = statement.query_map((scope_key, i64::try_from(limit).unwrap_or(i64::MAX)), |row| {
        Ok(StoredEntry { rowid: row.get(ENTRY_COUNT)?, scope_key, entry: entry_from_row(row)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves an entry; its words say in which scope it is, and it is counted there.
pub(super) fn move_entry(
    connection: &Connection,
    old: &StoredEntry,
    scope_key: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE entries SET scope = ?2 WHERE rowid = ?1")?
        .execute((old.rowid, scope_key))?;
    index::remove(connection, old.rowid)?;
    index::insert(connection, old.rowid, &text_of(&old.entry))?;
    if old.entry.is_active {
        let kind = kind_code(old.entry.kind());
        for (scope, number) in [(old.scope_key, -1), (scope_key, 1)] {
            connection
                .prepare_cached(
                    "INSERT INTO entry_counts (scope, kind, active) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (scope, kind) DO UPDATE SET active = active + ?3",
                )?
                .execute((scope, kind, number))?;
        }
    }
    Ok(())
}
