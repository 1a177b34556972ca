//! The statements that read an entry for a change, and what of it is a version.

use std::sync::LazyLock;

use agent_memory_proto::model::{Entry, EntryKind, Id};
use tokio_postgres::Row;

use super::transaction::PgTransaction;
use crate::store::{
    columns::kind_code,
    postgres::{
        columns::{ENTRY, ENTRY_COUNT, code, entry_from_row, get, text_key, uuid},
        values::value,
    },
    rules::{Step, StoredEntry},
};

static LOAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid, e.scope FROM entries e JOIN scopes s ON s.key = e.scope \
         WHERE e.id = $1 AND e.kind = $2 FOR UPDATE OF e"
    )
});

/// Reads the entry of that id and kind, and keeps others from changing it.
pub(super) async fn load(rows: &PgTransaction<'_>, kind: EntryKind, id: Id) -> Step<Option<StoredEntry>> {
    let found = rows.row(&LOAD, &[value(&uuid(id)), value(&code(kind_code(kind)))]).await?;
    found.as_ref().map(stored_from_row).transpose()
}

/// Reads an entry with its keys.
pub(super) fn stored_from_row(row: &Row) -> Step<StoredEntry> {
    Ok(StoredEntry {
        rowid: get(row, ENTRY_COUNT)?,
        scope_key: get(row, ENTRY_COUNT + 1)?,
        entry: entry_from_row(row)?,
    })
}

static NAMED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM entries e JOIN scopes s ON s.key = e.scope \
         WHERE e.scope = $1 AND e.kind = $2 AND e.name_key = $3"
    )
});

/// The entry of that name in the scope of that key, hidden or not.
pub(super) async fn named(
    rows: &PgTransaction<'_>,
    scope_key: i64,
    kind: EntryKind,
    name: &str,
) -> Step<Option<Entry>> {
    rows.row(&NAMED, &[value(&scope_key), value(&code(kind_code(kind))), value(&text_key(name))])
        .await?
        .as_ref()
        .map(entry_from_row)
        .transpose()
}

/// Whether another entry than that of the row id has the name or the id of an entry. It stays so
/// until the end of the transaction.
pub(super) async fn is_taken(
    rows: &PgTransaction<'_>,
    scope_key: i64,
    entry: &Entry,
    but: i64,
) -> Step<bool> {
    const SQL: &str = "SELECT rowid FROM entries WHERE rowid <> $5 \
                       AND ((scope = $1 AND kind = $2 AND name_key = $3) OR id = $4) FOR KEY SHARE";
    let (kind, name) = (code(kind_code(entry.kind())), text_key(&entry.name));
    Ok(!rows
        .rows(SQL, &[value(&scope_key), value(&kind), value(&name), value(&uuid(entry.id)), value(&but)])
        .await?
        .is_empty())
}

/// What of an entry is a version of it: the column of `entry_versions`, and that of `entries`.
pub(super) const VERSION: &[(&str, &str)] = &[
    ("entry", "rowid"),
    ("number", "version"),
    ("id", "version_id"),
    ("created_at_ms", "version_at_ms"),
    ("created_by", "version_by"),
    ("change_reason", "change_reason"),
    ("conflict", "conflict"),
    ("priority", "priority"),
    ("valid_from_ms", "valid_from_ms"),
    ("valid_until_ms", "valid_until_ms"),
    ("invalidated_by", "invalidated_by"),
    ("confidence", "confidence"),
    ("source", "source"),
    ("content", "content"),
    ("rationale", "rationale"),
    ("constraints", "constraints"),
    ("examples", "examples"),
    ("parameters", "parameters"),
    ("verification_rules", "verification_rules"),
];
