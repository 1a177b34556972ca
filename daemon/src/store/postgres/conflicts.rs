//! Reads conflicts.

use std::{fmt::Write as _, sync::LazyLock};

use agent_memory_proto::{
    model::{Conflict, ConflictSide, Id},
    request::ListConflicts,
    response::ConflictPage,
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{count_from, get, id_from, kind_from, optional_id_from, scope_from, uuid},
    values::value,
};
use crate::store::{
    ConflictStore, StoreError, StoreFuture,
    answers::pages::cut,
    columns::{CONFLICT, kind_code},
};

impl ConflictStore for PostgresStore {
    fn conflict(&self, id: Id) -> StoreFuture<'_, Option<Conflict>> {
        Box::pin(async move {
            let row = self.lease().await?.row(&BY_ID, &[value(&uuid(id))]).await?;
            row.as_ref().map(conflict_from_row).transpose()
        })
    }

    fn conflicts(&self, request: ListConflicts) -> StoreFuture<'_, ConflictPage> {
        Box::pin(async move { self.page_of_conflicts(&request).await })
    }
}

/// The conflict of that id.
pub(super) static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{CONFLICT} WHERE c.id = $1"));

impl PostgresStore {
    async fn page_of_conflicts(&self, request: &ListConflicts) -> Result<ConflictPage, StoreError> {
        let mut sql = format!("{CONFLICT} WHERE TRUE");
        let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
        let entry = request.entry_id.map(uuid);
        let mut values = vec![value(&wanted), value(&offset)];
        if let Some(kind) = request.kind {
            let _ = write!(sql, " AND e.kind = {}", kind_code(kind));
        }
        match request.resolved {
            Some(true) => sql.push_str(" AND c.resolved_at_ms IS NOT NULL"),
            Some(false) => sql.push_str(" AND c.resolved_at_ms IS NULL"),
            None => {}
        }
        if entry.is_some() {
            sql.push_str(" AND e.id = $3");
            values.push(value(&entry));
        }
        sql.push_str(" ORDER BY c.rowid DESC LIMIT $1 OFFSET $2");
        let rows = self.lease().await?.rows(&sql, &values).await?;
        let conflicts = rows.iter().map(conflict_from_row).collect::<Result<_, _>>()?;
        let (conflicts, has_more) = cut(conflicts, request.limit);
        Ok(ConflictPage { conflicts, has_more })
    }
}

/// Reads a row of the columns of [`CONFLICT`].
pub(super) fn conflict_from_row(row: &Row) -> Result<Conflict, StoreError> {
    let (id, detected_at_ms) = (id_from(row, 0)?, get(row, 12)?);
    Ok(Conflict {
        id,
        kind: kind_from(row, 1)?,
        entry_id: id_from(row, 2)?,
        entry_name: get(row, 3)?,
        scope: scope_from(row, 4)?,
        entry_version: count_from(row, 6)?,
        first: ConflictSide {
            version: count_from(row, 7)?,
            by: get(row, 8)?,
            version_id: optional_id_from(row, 9)?,
            at_ms: get(row, 10)?,
        },
        second: ConflictSide {
            version: count_from(row, 11)?,
            by: get(row, 13)?,
            version_id: Some(id),
            at_ms: Some(detected_at_ms),
        },
        detected_at_ms,
        resolved_at_ms: get(row, 14)?,
        resolved_by: get(row, 15)?,
        resolution: get(row, 16)?,
    })
}
