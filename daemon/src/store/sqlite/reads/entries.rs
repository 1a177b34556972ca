//! Reads one entry, by id or name, and its versions.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Entry, EntryKind, Id, ScopeRef, Version},
    response::History,
};
use rusqlite::{Connection, OptionalExtension};

use crate::store::{
    EntryStore, ListQuery, StoreError, StoreFuture,
    rules::StoredEntry,
    sqlite::{
        SqliteStore,
        columns::{ENTRY, VERSION, entry_from_row, kind_code, version_from_row},
        scope_keys,
    },
};

impl EntryStore for SqliteStore {
    fn get(&self, kind: EntryKind, id: Id) -> StoreFuture<'_, Option<Entry>> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|connection| by_id(connection, kind, id))))
    }

    fn find(
        &self,
        kind: EntryKind,
        name: String,
        scopes: Vec<ScopeRef>,
        include_inactive: bool,
    ) -> StoreFuture<'_, Option<Entry>> {
        let find = move |connection: &Connection| by_name(connection, kind, &name, &scopes, include_inactive);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, find)))
    }

    fn list(&self, query: ListQuery) -> StoreFuture<'_, agent_memory_proto::response::EntryPage> {
        let list = move |connection: &Connection| super::list::page(connection, &query);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, list)))
    }

    fn next_validity_change(&self, now_ms: i64) -> StoreFuture<'_, Option<i64>> {
        let read = move |connection: &Connection| next_validity_change(connection, now_ms);
        Box::pin(self.readers.run_short(move |reader| reader.read(read)))
    }

    fn history(&self, kind: EntryKind, id: Id, limit: u32, offset: u32) -> StoreFuture<'_, Option<History>> {
        let read = move |connection: &Connection| history(connection, kind, id, limit, offset);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }
}

static BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM entries e CROSS JOIN scopes s ON s.key = e.scope WHERE e.id = ?1 AND e.kind = ?2"
    )
});
static BY_NAME: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM entries e CROSS JOIN scopes s ON s.key = e.scope \
         WHERE e.scope = ?1 AND e.kind = ?2 AND e.name = ?3 AND (e.is_active OR ?4)"
    )
});
static HISTORY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VERSION} FROM entry_versions v WHERE v.entry = (SELECT rowid FROM entries WHERE id = ?1) \
         ORDER BY v.number DESC LIMIT ?2 OFFSET ?3"
    )
});

/// The entry of that id and kind, hidden or not.
pub(in crate::store::sqlite) fn by_id(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
) -> Result<Option<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&BY_ID)?;
    Ok(statement.query_row((id.0, kind_code(kind)), entry_from_row).optional()?)
}

pub(in crate::store::sqlite) fn by_name(
    connection: &Connection,
    kind: EntryKind,
    name: &str,
    scopes: &[ScopeRef],
    include_inactive: bool,
) -> Result<Option<Entry>, StoreError> {
    for key in scope_keys::find_all(connection, scopes)? {
        if let Some(entry) = by_name_in(connection, kind, name, key, include_inactive)? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// The entry of that name in one scope.
pub(in crate::store::sqlite) fn by_name_in(
    connection: &Connection,
    kind: EntryKind,
    name: &str,
    scope_key: i64,
    include_inactive: bool,
) -> Result<Option<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&BY_NAME)?;
    let found = statement.query_row((scope_key, kind_code(kind), name, include_inactive), entry_from_row);
    Ok(found.optional()?)
}

pub(in crate::store::sqlite) fn next_validity_change(
    connection: &Connection,
    now_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT min(at_ms) FROM (\
         SELECT min(valid_from_ms) AS at_ms FROM entries WHERE valid_from_ms > ?1 \
         UNION ALL SELECT min(valid_until_ms) FROM entries WHERE valid_until_ms > ?1)",
    )?;
    Ok(statement.query_row([now_ms], |row| row.get(0))?)
}

/// A version of an entry that is no longer current.
pub(in crate::store::sqlite) fn version(
    connection: &Connection,
    of: &StoredEntry,
    number: u32,
) -> Result<Option<Version>, StoreError> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {VERSION} FROM entry_versions v WHERE v.entry = ?1 AND v.number = ?2")
    });
    let mut statement = connection.prepare_cached(&SQL)?;
    let kind = of.entry.kind();
    Ok(statement.query_row((of.rowid, number), |row| version_from_row(row, kind, 0)).optional()?)
}

/// The current version stands with the entry, the older ones in a table of their own.
pub(in crate::store::sqlite) fn history(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
    limit: u32,
    offset: u32,
) -> Result<Option<History>, StoreError> {
    let Some(entry) = by_id(connection, kind, id)? else { return Ok(None) };
    let mut versions = Vec::new();
    if offset == 0 {
        versions.push(entry.version);
    }
    let mut statement = connection.prepare_cached(&HISTORY)?;
    let wanted = i64::from(limit) + 1 - i64::from(offset == 0);
    let rows = statement
        .query_map((id.0, wanted, offset.saturating_sub(1)), |row| version_from_row(row, kind, 0))?;
    for version in rows {
        versions.push(version?);
    }
    let (versions, has_more) = super::cut(versions, limit);
    Ok(Some(History { entry_id: id, kind, versions, has_more }))
}
