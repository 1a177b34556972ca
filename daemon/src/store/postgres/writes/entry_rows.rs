//! The statements of entries: reading one for a change, storing new ones, and storing new states of
//! old ones.

use std::sync::LazyLock;

use agent_memory_proto::model::{Entry, EntryKind, Id, Version};
use tokio_postgres::Row;

use super::{
    entry_columns::{EntryColumns, NAMES, parameters, taken},
    transaction::PgTransaction,
};
use crate::{
    store::{
        columns::kind_code,
        postgres::{
            columns::{ENTRY, ENTRY_COUNT, code, entry_from_row, get, text_key, uuid},
            search::index::IndexRow,
            values::value,
        },
        rules::{Step, StoredEntry},
    },
    text::entry::IndexedEntry,
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

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let (names, taken) = (NAMES.join(", "), taken());
    let (columns, scope) = (parameters(1, NAMES.len()), NAMES.len() + 1);
    let words = parameters(scope + 1, 3);
    format!(
        "WITH added AS (INSERT INTO entries ({names}, scope) \
         SELECT {taken}, ${scope} FROM unnest({columns}) AS n ({names}) \
         ON CONFLICT DO NOTHING RETURNING rowid) \
         INSERT INTO entry_index (entry, tokens, frequencies, terms) \
         SELECT rowid, w.tokens, w.frequencies, w.terms::tsvector \
         FROM added, (SELECT {words}) AS w (tokens, frequencies, terms) RETURNING entry"
    )
});

/// Stores a new entry with its words; false when its name or its id is taken.
pub(super) async fn insert(
    rows: &PgTransaction<'_>,
    scope_key: i64,
    entry: &Entry,
    text: &IndexedEntry,
) -> Step<bool> {
    let mut columns = EntryColumns::default();
    columns.push(entry);
    let words = IndexRow::of(text, scope_key);
    let mut values = columns.values();
    values.extend([value(&scope_key), value(&words.tokens), value(&words.frequencies), value(&words.terms)]);
    Ok(!rows.rows(&INSERT, &values).await?.is_empty())
}

static INSERT_VERSIONS: LazyLock<String> = LazyLock::new(|| {
    // The columns after that of the entry, which is found by its id.
    let kept: Vec<&str> = VERSION.iter().skip(1).map(|(kept, _)| *kept).collect();
    let current: Vec<String> = VERSION.iter().skip(1).map(|(_, current)| format!("n.{current}")).collect();
    let (names, kept, current) = (NAMES.join(", "), kept.join(", "), current.join(", "));
    let columns = parameters(1, NAMES.len());
    format!(
        "INSERT INTO entry_versions (entry, {kept}) SELECT e.rowid, {current} \
         FROM unnest({columns}) AS n ({names}) JOIN entries e ON e.id = n.id"
    )
});

/// Stores the versions before the current one of a new entry.
pub(super) async fn insert_versions(
    rows: &PgTransaction<'_>,
    entry: &Entry,
    earlier: &[Version],
) -> Step<()> {
    let states: Vec<Entry> =
        earlier.iter().map(|version| Entry { version: version.clone(), ..entry.clone() }).collect();
    let mut columns = EntryColumns::default();
    states.iter().for_each(|state| columns.push(state));
    rows.rows(&INSERT_VERSIONS, &columns.values()).await?;
    Ok(())
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
