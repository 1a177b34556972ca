//! Moves entries from one scope to another.

use std::sync::LazyLock;

use super::{entry_rows, transaction::PgTransaction};
use crate::store::{
    columns::kind_code,
    postgres::{
        columns::{ENTRY, code},
        search::index::IndexRow,
        values::value,
    },
    rules::{Step, StoredEntry, text_of},
};

/// The entries of a scope, hidden or not, by id: so many at most. Nobody else changes them meanwhile.
pub(super) async fn entries_in(
    rows: &PgTransaction<'_>,
    scope_key: i64,
    limit: usize,
) -> Step<Vec<StoredEntry>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {ENTRY}, e.rowid, e.scope FROM entries e JOIN scopes s ON s.key = e.scope \
             WHERE e.scope = $1 ORDER BY e.id LIMIT $2 FOR UPDATE OF e"
        )
    });
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = rows.rows(&SQL, &[value(&scope_key), value(&limit)]).await?;
    found.iter().map(entry_rows::stored_from_row).collect()
}

/// Moves an entry; its words say in which scope it is, and it is counted there.
pub(super) async fn move_entry(rows: &PgTransaction<'_>, old: &StoredEntry, scope_key: i64) -> Step<()> {
    const MOVE: &str = "WITH moved AS (UPDATE entries SET scope = $2 WHERE rowid = $1), \
        counted AS (INSERT INTO entry_counts (scope, kind, active) \
            SELECT scope, $3, active FROM unnest($4, $5) AS c (scope, active)) \
        UPDATE entry_index SET tokens = $6, frequencies = $7, terms = $8::text::tsvector WHERE entry = $1";
    let words = IndexRow::of(&text_of(&old.entry), scope_key);
    let kind = code(kind_code(old.entry.kind()));
    let (scopes, active) = match old.entry.is_active {
        true => (vec![old.scope_key, scope_key], vec![-1_i64, 1]),
        false => (Vec::new(), Vec::new()),
    };
    let values = [
        value(&old.rowid),
        value(&scope_key),
        value(&kind),
        value(&scopes),
        value(&active),
        value(&words.tokens),
        value(&words.frequencies),
        value(&words.terms),
    ];
    rows.rows(MOVE, &values).await.map(drop)
}
