//! What a tier that is not scored finds: the latest entries that match, and those that changed last.

use std::sync::LazyLock;

use tokio_postgres::Row;

use super::{
    candidates::{PASSING, QUERY, Ranked, SECOND, THIRD, ranked},
    filters::{CONDITIONS, Filters},
    reading::Reading,
};
use crate::store::{StoreError, postgres::values::value};

/// Where the latest entries are looked through one by one, until enough of them match.
#[derive(Clone, Copy, Debug)]
pub(super) enum Walk {
    /// Those of the whole store, so many at most.
    Store(i64),
    /// Those of the scopes of the filters, so many at most.
    Scopes(i64),
}

/// Among the latest entries of the store.
pub(super) static AMONG: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms FROM (SELECT entry, terms FROM entry_index \
         ORDER BY entry DESC LIMIT ${THIRD}) i {} WHERE i.terms @@ (SELECT ${QUERY}::text::tsquery) \
         ORDER BY i.entry DESC LIMIT ${SECOND}",
        *PASSING
    )
});

/// Among the latest entries of the scopes: these come from an index alone, in their order.
pub(super) static AMONG_SCOPES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms FROM (SELECT n.rowid AS entry \
         FROM unnest($1::int8[]) AS k (scope) CROSS JOIN LATERAL (SELECT n.rowid FROM entries n \
             WHERE n.scope + 0 = k.scope ORDER BY n.rowid DESC LIMIT ${THIRD}) n \
         ORDER BY n.rowid DESC LIMIT ${THIRD}) n \
         CROSS JOIN LATERAL (SELECT i.entry FROM entry_index i \
             WHERE i.entry = n.entry AND i.terms @@ (SELECT ${QUERY}::text::tsquery) OFFSET 0) i {} \
         ORDER BY n.entry DESC LIMIT ${SECOND}",
        *PASSING
    )
});

/// Among all that match: these are found first, and then looked up from the latest on.
pub(super) static BY_WORDS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms FROM (SELECT entry FROM entry_index \
         WHERE terms @@ (SELECT ${QUERY}::text::tsquery) ORDER BY entry DESC OFFSET 0) i {} \
         ORDER BY i.entry DESC LIMIT ${SECOND}",
        *PASSING
    )
});

/// The latest that match. They are walked to where the expression is likely to match enough of them.
/// `restricted` is the expression within the scopes.
///
/// # Errors
/// What the server says.
pub(super) async fn matching(
    reading: &Reading<'_>,
    filters: &Filters,
    [expression, restricted]: [&str; 2],
    limit: i64,
    walk: Option<Walk>,
) -> Result<Vec<Ranked>, StoreError> {
    let [expression, restricted] = [expression, restricted].map(str::to_owned);
    if let Some(walk) = &walk {
        let (sql, expression, length) = match walk {
            Walk::Store(length) => (&*AMONG, &restricted, length),
            Walk::Scopes(length) => (&*AMONG_SCOPES, &expression, length),
        };
        let mut values = filters.values();
        values.extend([value(expression), value(&limit), value(length)]);
        let rows = reading.rows(sql, &values).await?;
        if i64::try_from(rows.len()).is_ok_and(|found| found >= limit) {
            return in_order(&rows);
        }
    }
    let mut values = filters.values();
    values.extend([value(&restricted), value(&limit)]);
    in_order(&reading.rows(&BY_WORDS, &values).await?)
}

/// `scope` leaves the index of a scope's entries to the server's choice.
pub(super) static CHANGED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT e.rowid, e.id, e.updated_at_ms FROM entries e WHERE {CONDITIONS} \
         ORDER BY e.updated_at_ms DESC, e.id LIMIT ${QUERY}"
    )
});
static CHANGED_IN_SCOPES: LazyLock<String> =
    LazyLock::new(|| CHANGED.replace("WHERE", "WHERE e.scope = ANY($1) AND"));

/// Entries by their latest change.
///
/// # Errors
/// What the server says.
pub(super) async fn changed(
    reading: &Reading<'_>,
    filters: &Filters,
    limit: i64,
) -> Result<Vec<Ranked>, StoreError> {
    let sql = if filters.has_scopes() { &CHANGED_IN_SCOPES } else { &CHANGED };
    let mut values = filters.values();
    values.push(value(&limit));
    in_order(&reading.rows(sql, &values).await?)
}

fn in_order(rows: &[Row]) -> Result<Vec<Ranked>, StoreError> {
    rows.iter().map(|row| ranked(row, [0, 1, 2])).collect()
}
