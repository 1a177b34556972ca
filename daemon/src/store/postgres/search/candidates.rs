//! What one tier finds: entries that an expression of the index matches and the filters let pass,
//! either all of them to be scored, or the latest.

use std::sync::LazyLock;

use agent_memory_proto::model::Id;
use tokio_postgres::Row;

use super::{
    expression,
    filters::{CONDITIONS, Filters, PARAMETERS},
    index::WEIGHTS,
    reading::Reading,
    score::Scoring,
};
use crate::{
    store::{
        StoreError,
        postgres::{
            columns::{get, id_from},
            values::value,
        },
    },
    text::query::Unit,
};

/// An entry with its place in the order.
#[derive(Clone, Debug)]
pub(super) struct Ranked {
    pub(super) rowid: i64,
    pub(super) id: Id,
    pub(super) score: f64,
    updated_at_ms: i64,
}

/// The entry of each row of the index, if the filters let it pass. The server is told to look entries
/// up one by one: it cannot know that a query matches few.
static PASSING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "CROSS JOIN LATERAL (SELECT e.id, e.updated_at_ms FROM entries e \
         WHERE e.rowid = i.entry AND {CONDITIONS} OFFSET 0) e"
    )
});

const QUERY: usize = PARAMETERS + 1;
const SECOND: usize = PARAMETERS + 2;
const THIRD: usize = PARAMETERS + 3;

static SCORED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms, i.tokens, i.frequencies FROM entry_index i {} \
         WHERE i.terms @@ (SELECT ${QUERY}::text::tsquery)",
        *PASSING
    )
});

/// With what the server says of each part.
fn scored_with_parts(parts: usize) -> String {
    let each: Vec<String> = (1..=parts).map(|part| format!("i.terms @@ w.parts[{part}]")).collect();
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms, i.tokens, i.frequencies, ARRAY[{}] \
         FROM (SELECT ${SECOND}::text[]::tsquery[] AS parts OFFSET 0) w CROSS JOIN entry_index i {} \
         WHERE i.terms @@ (SELECT ${QUERY}::text::tsquery)",
        each.join(", "),
        *PASSING
    )
}

/// What is asked of the entries that are scored.
#[derive(Debug)]
pub(super) struct Scored<'a> {
    pub(super) expression: String,
    pub(super) scoring: &'a Scoring,
    /// Units that the server has to look for in each entry, for the scoring.
    pub(super) looked_for: Vec<&'a Unit>,
    /// In so many of the columns, the name first.
    pub(super) columns: usize,
}

/// All that match, scored, best first.
///
/// # Errors
/// What the server says.
pub(super) async fn scored(
    reading: &Reading<'_>,
    filters: &Filters,
    asked: &Scored<'_>,
) -> Result<Vec<Ranked>, StoreError> {
    let mut values = filters.values();
    values.push(value(&asked.expression));
    let in_columns = |unit: &&Unit| expression::in_each_column(unit).into_iter().take(asked.columns);
    let parts: Vec<String> = asked.looked_for.iter().flat_map(in_columns).collect();
    let rows = if parts.is_empty() {
        reading.rows(&SCORED, &values).await?
    } else {
        values.push(value(&parts));
        reading.rows(&scored_with_parts(parts.len()), &values).await?
    };
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let parts: Vec<bool> = if parts.is_empty() { Vec::new() } else { get(row, 5)? };
        let others: Vec<f64> = parts.chunks(asked.columns).map(frequency_of_parts).collect();
        let mut ranked = ranked(row)?;
        ranked.score = asked.scoring.score(get(row, 3)?, get(row, 4)?, &others);
        found.push(ranked);
    }
    found.sort_unstable_by(|one, other| {
        let by_score = other.score.total_cmp(&one.score);
        by_score.then(other.updated_at_ms.cmp(&one.updated_at_ms)).then(one.id.cmp(&other.id))
    });
    Ok(found)
}

/// It counts once in each column that has it.
fn frequency_of_parts(parts: &[bool]) -> f64 {
    parts.iter().zip(WEIGHTS).map(|(is_there, weight)| if *is_there { f64::from(weight) } else { 0.0 }).sum()
}

fn ranked(row: &Row) -> Result<Ranked, StoreError> {
    Ok(Ranked { rowid: get(row, 0)?, id: id_from(row, 1)?, updated_at_ms: get(row, 2)?, score: 0.0 })
}

/// Among the latest entries only: how many are looked at is bounded.
static LATEST_AMONG: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms FROM (SELECT entry, terms FROM entry_index \
         ORDER BY entry DESC LIMIT ${THIRD}) i {} WHERE i.terms @@ (SELECT ${QUERY}::text::tsquery) \
         ORDER BY i.entry DESC LIMIT ${SECOND}",
        *PASSING
    )
});

/// Among all that match: these are found first, and then looked up from the latest on.
static LATEST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, e.id, e.updated_at_ms FROM (SELECT entry FROM entry_index \
         WHERE terms @@ (SELECT ${QUERY}::text::tsquery) ORDER BY entry DESC OFFSET 0) i {} \
         ORDER BY i.entry DESC LIMIT ${SECOND}",
        *PASSING
    )
});

/// The latest that match. `looked_at` are the latest entries of the store to begin with, where the
/// expression is likely to match enough of them.
///
/// # Errors
/// What the server says.
pub(super) async fn latest(
    reading: &Reading<'_>,
    filters: &Filters,
    expression: &str,
    limit: i64,
    looked_at: Option<i64>,
) -> Result<Vec<Ranked>, StoreError> {
    let expression = expression.to_owned();
    let mut values = filters.values();
    values.extend([value(&expression), value(&limit)]);
    if let Some(looked_at) = &looked_at {
        let mut values = values.clone();
        values.push(value(looked_at));
        let rows = reading.rows(&LATEST_AMONG, &values).await?;
        if i64::try_from(rows.len()).is_ok_and(|found| found >= limit) {
            return rows.iter().map(ranked).collect();
        }
    }
    reading.rows(&LATEST, &values).await?.iter().map(ranked).collect()
}

/// `scope` leaves the index of a scope's entries to the server's choice.
static CHANGED: LazyLock<String> = LazyLock::new(|| {
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
pub(super) async fn latest_changed(
    reading: &Reading<'_>,
    filters: &Filters,
    limit: i64,
) -> Result<Vec<Ranked>, StoreError> {
    let sql = if filters.has_scopes() { &CHANGED_IN_SCOPES } else { &CHANGED };
    let mut values = filters.values();
    values.push(value(&limit));
    reading.rows(sql, &values).await?.iter().map(ranked).collect()
}

/// The statements, for whoever looks at their plans.
#[cfg(test)]
pub(in crate::store::postgres) mod statements {
    pub(in crate::store::postgres) fn scored() -> &'static str {
        &super::SCORED
    }

    pub(in crate::store::postgres) fn latest_among() -> &'static str {
        &super::LATEST_AMONG
    }

    pub(in crate::store::postgres) fn latest() -> &'static str {
        &super::LATEST
    }

    pub(in crate::store::postgres) fn changed() -> &'static str {
        &super::CHANGED
    }

    pub(in crate::store::postgres) const fn hits() -> &'static str {
        super::super::hit::HITS
    }
}
