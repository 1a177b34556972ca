//! The statements of conflicts that are resolved.

use std::sync::LazyLock;

use agent_memory_proto::model::{Conflict, Id, Version};

use super::transaction::PgTransaction;
use crate::store::{
    Resolution,
    postgres::{
        columns::{VERSION, uuid, version_from_row},
        conflicts::{BY_ID, conflict_from_row},
        values::value,
    },
    rules::{Step, StoredEntry},
};

pub(super) async fn load(rows: &PgTransaction<'_>, id: Id) -> Step<Option<Conflict>> {
    const LOCK_ROW: &str = "SELECT rowid FROM conflicts WHERE id = $1 FOR UPDATE";
    let id = uuid(id);
    if rows.row(LOCK_ROW, &[value(&id)]).await?.is_none() {
        return Ok(None);
    }
    // A statement of its own: it sees what was committed until the lock was had.
    rows.row(&BY_ID, &[value(&id)]).await?.as_ref().map(conflict_from_row).transpose()
}

pub(super) async fn resolve(rows: &PgTransaction<'_>, wish: &Resolution, at_ms: i64) -> Step<()> {
    const SQL: &str =
        "UPDATE conflicts SET resolved_at_ms = $2, resolved_by = $3, resolution = $4 WHERE id = $1";
    let id = uuid(wish.id);
    let values = [value(&id), value(&at_ms), value(&wish.resolved_by), value(&wish.resolution)];
    rows.rows(SQL, &values).await.map(drop)
}

/// A version of an entry that is no longer current.
pub(super) async fn version(
    rows: &PgTransaction<'_>,
    of: &StoredEntry,
    number: u32,
) -> Step<Option<Version>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {VERSION} FROM entry_versions v WHERE v.entry = $1 AND v.number = $2")
    });
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let row = rows.row(&SQL, &[value(&of.rowid), value(&number)]).await?;
    row.as_ref().map(|row| version_from_row(row, of.entry.kind(), 0)).transpose()
}
