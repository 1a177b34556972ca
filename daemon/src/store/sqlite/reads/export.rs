//! Reads what is exported: scopes by id, and entries by id with all their versions.

mod extras;

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{EntryKind, Id, PortableEntry, PortableScope, PortableTask, ScopeLevel, ScopeRef, Tag, Version},
    response::NotCarried,
};
use rusqlite::{Connection, Row, named_params};

use crate::store::{
    ExportQuery, ExportedEntries, ExportedRelation, ExtrasQuery, StoreError, StoreFuture, TransferStore,
    answers::export::{PAGE_BYTES, PAGE_ENTRIES, described, portable, weight},
    sqlite::{
        SqliteStore,
        columns::{
            ENTRY, ENTRY_COUNT, VERSION, entry_from_row, kind_code, level_code, org_from_row,
            project_from_row, session_from_row, version_from_row,
        },
        scope_keys,
    },
};

impl TransferStore for SqliteStore {
    fn export_totals(&self, query: ExportQuery) -> StoreFuture<'_, (u64, Option<i64>)> {
        let read = move |connection: &Connection| totals(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn export_scopes(
        &self,
        level: ScopeLevel,
        only: Option<Id>,
        after: Option<Id>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PortableScope>> {
        let read = move |connection: &Connection| scopes(connection, level, only, after, limit);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn export_entries(&self, query: ExportQuery) -> StoreFuture<'_, ExportedEntries> {
        let read = move |connection: &Connection| entries(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn export_tags(&self, query: ExtrasQuery, limit: u32) -> StoreFuture<'_, Vec<Tag>> {
        let read = move |connection: &Connection| extras::tags(connection, &query, limit);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn export_tasks(&self, query: ExtrasQuery) -> StoreFuture<'_, (Vec<PortableTask>, bool)> {
        let read = move |connection: &Connection| extras::tasks(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn export_relations(
        &self,
        after: Option<Id>,
        tags: Vec<String>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<ExportedRelation>> {
        let read = move |connection: &Connection| extras::relations(connection, after, &tags, limit);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, read)))
    }

    fn not_carried(&self) -> StoreFuture<'_, NotCarried> {
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(None, extras::not_carried)))
    }
}

const FILTER: &str = "(:kind IS NULL OR e.kind = :kind) AND (:scope IS NULL OR e.scope = :scope) AND (e.is_active OR :inactive)";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid FROM entries e CROSS JOIN scopes s ON s.key = e.scope \
         WHERE (:after IS NULL OR e.id > :after) AND {FILTER} ORDER BY e.id LIMIT :limit"
    )
});
static EARLIER: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {VERSION} FROM entry_versions v WHERE v.entry = ?1 ORDER BY v.number"));

/// A scope that does not exist has no entries.
const NO_SCOPE: i64 = -1;

fn scope_key(connection: &Connection, scope: Option<&ScopeRef>) -> Result<Option<i64>, StoreError> {
    let Some(scope) = scope else { return Ok(None) };
    Ok(Some(scope_keys::find(connection, scope)?.unwrap_or(NO_SCOPE)))
}

fn totals(connection: &Connection, query: &ExportQuery) -> Result<(u64, Option<i64>), StoreError> {
    let sql = format!("SELECT count(*), max(e.updated_at_ms) FROM entries e WHERE {FILTER}");
    let parameters = named_params! {
        ":kind": query.kind.map(kind_code),
        ":scope": scope_key(connection, query.scope.as_ref())?,
        ":inactive": query.include_inactive,
    };
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(parameters, |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)))?)
}

fn entries(connection: &Connection, query: &ExportQuery) -> Result<ExportedEntries, StoreError> {
    let mut statement = connection.prepare_cached(&PAGE)?;
    let mut rows = statement.query(named_params! {
        ":kind": query.kind.map(kind_code),
        ":scope": scope_key(connection, query.scope.as_ref())?,
        ":inactive": query.include_inactive,
        ":after": query.after.map(|id| id.0),
        ":limit": i64::try_from(PAGE_ENTRIES).unwrap_or(i64::MAX) + 1,
    })?;
    let (mut entries, mut bytes): (Vec<PortableEntry>, usize) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if entries.len() >= PAGE_ENTRIES || bytes >= PAGE_BYTES {
            return Ok(ExportedEntries { entries, has_more: true });
        }
        let entry = entry_from_row(row)?;
        let earlier = if query.include_versions && entry.version.number > 1 {
            earlier(connection, row.get(ENTRY_COUNT)?, entry.kind())?
        } else {
            Vec::new()
        };
        let entry = portable(entry, earlier);
        bytes += weight(&entry);
        entries.push(entry);
    }
    Ok(ExportedEntries { entries, has_more: false })
}

fn earlier(connection: &Connection, rowid: i64, kind: EntryKind) -> Result<Vec<Version>, StoreError> {
    let mut statement = connection.prepare_cached(&EARLIER)?;
    let versions = statement.query_map([rowid], |row| version_from_row(row, kind, 0))?;
    Ok(versions.collect::<Result<_, _>>()?)
}

fn scopes(
    connection: &Connection,
    level: ScopeLevel,
    only: Option<Id>,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<PortableScope>, StoreError> {
    let Some(from) = described(level) else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {from} WHERE s.level = ?1 AND (?2 IS NULL OR s.id = ?2) AND (?3 IS NULL OR s.id > ?3) \
         ORDER BY s.id LIMIT ?4"
    );
    let scope = |row: &Row<'_>| {
        Ok(match level {
            ScopeLevel::Global | ScopeLevel::Org => PortableScope::Org(org_from_row(row)?),
            ScopeLevel::Project => PortableScope::Project(project_from_row(row)?),
            ScopeLevel::Session => PortableScope::Session(session_from_row(row)?),
        })
    };
    let parameters = (level_code(level), only.map(|id| id.0), after.map(|id| id.0), limit);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_map(parameters, scope)?.collect::<Result<_, _>>()?)
}
