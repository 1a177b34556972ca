//! Conflicts: what is read of them, and that one is resolved.

use std::{fmt::Write as _, sync::LazyLock};

use agent_memory_proto::{
    model::{Conflict, ConflictSide, Id},
    request::ListConflicts,
    response::ConflictPage,
};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};

use super::{
    SqliteStore,
    columns::{id_from, kind_code, kind_from, optional_id_from, scope_from},
};
use crate::store::{
    ConflictStore, Resolution, StoreError, StoreFuture, answers::pages::cut, columns::CONFLICT,
};

impl ConflictStore for SqliteStore {
    fn conflict(&self, id: Id) -> StoreFuture<'_, Option<Conflict>> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|connection| find(connection, id))))
    }

    fn conflicts(&self, request: ListConflicts) -> StoreFuture<'_, ConflictPage> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|connection| page(connection, &request))))
    }
}

static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{CONFLICT} WHERE c.id = ?1"));

pub(super) fn find(connection: &Connection, id: Id) -> Result<Option<Conflict>, StoreError> {
    let mut statement = connection.prepare_cached(&BY_ID)?;
    Ok(statement.query_row([id.0], conflict_from_row).optional()?)
}

fn page(connection: &Connection, request: &ListConflicts) -> Result<ConflictPage, StoreError> {
    let mut sql = format!("{CONFLICT} WHERE TRUE");
    let mut values = vec![Value::from(i64::from(request.limit) + 1), Value::from(request.offset)];
    if let Some(kind) = request.kind {
        let _ = write!(sql, " AND e.kind = {}", kind_code(kind));
    }
    match request.resolved {
        Some(true) => sql.push_str(" AND c.resolved_at_ms IS NOT NULL"),
        Some(false) => sql.push_str(" AND c.resolved_at_ms IS NULL"),
        None => {}
    }
    if let Some(entry) = request.entry_id {
        sql.push_str(" AND e.id = ?3");
        values.push(Value::Blob(entry.0.to_vec()));
    }
    sql.push_str(" ORDER BY c.rowid DESC LIMIT ?1 OFFSET ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), conflict_from_row)?;
    let (conflicts, has_more) = cut(rows.collect::<Result<_, _>>()?, request.limit);
    Ok(ConflictPage { conflicts, has_more })
}

fn conflict_from_row(row: &Row<'_>) -> rusqlite::Result<Conflict> {
    let (id, detected_at_ms) = (id_from(row, 0)?, row.get(12)?);
    Ok(Conflict {
        id,
        kind: kind_from(row, 1)?,
        entry_id: id_from(row, 2)?,
        entry_name: row.get(3)?,
        scope: scope_from(row, 4)?,
        entry_version: row.get(6)?,
        first: ConflictSide {
            version: row.get(7)?,
            by: row.get(8)?,
            version_id: optional_id_from(row, 9)?,
            at_ms: row.get(10)?,
        },
        second: ConflictSide {
            version: row.get(11)?,
            by: row.get(13)?,
            version_id: Some(id),
            at_ms: Some(detected_at_ms),
        },
        detected_at_ms,
        resolved_at_ms: row.get(14)?,
        resolved_by: row.get(15)?,
        resolution: row.get(16)?,
    })
}

pub(super) fn resolve(connection: &Connection, wish: &Resolution, at_ms: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE conflicts SET resolved_at_ms = ?2, resolved_by = ?3, resolution = ?4 WHERE id = ?1",
        )?
        .execute((wish.id.0, at_ms, &wish.resolved_by, &wish.resolution))?;
    Ok(())
}
