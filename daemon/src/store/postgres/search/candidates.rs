//! What a tier of scored entries finds: those that an expression of the index matches and the filters let
//! pass.

use std::{cmp::Ordering, collections::HashMap, sync::LazyLock};

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
pub(super) static PASSING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "CROSS JOIN LATERAL (SELECT e.id, e.updated_at_ms FROM entries e \
         WHERE e.rowid = i.entry AND {CONDITIONS} OFFSET 0) e"
    )
});

pub(super) const QUERY: usize = PARAMETERS + 1;
pub(super) const SECOND: usize = PARAMETERS + 2;
pub(super) const THIRD: usize = PARAMETERS + 3;

/// Scored together with the filters: where few match, one statement less counts more.
static FILTERED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT i.entry, i.tokens, i.frequencies, NULL::bool[], e.id, e.updated_at_ms FROM entry_index i {} \
         WHERE i.terms @@ (SELECT ${QUERY}::text::tsquery)",
        *PASSING
    )
});

/// Scored alone: looking every entry up takes longer than everything else that is done with it.
const SCORED: &str = "SELECT i.entry, i.tokens, i.frequencies, NULL::bool[] FROM entry_index i \
     WHERE i.terms @@ (SELECT $1::text::tsquery)";

/// With what the server says of each part.
fn scored_with_parts(parts: usize) -> String {
    let each: Vec<String> = (1..=parts).map(|part| format!("i.terms @@ w.parts[{part}]")).collect();
    format!(
        "SELECT i.entry, i.tokens, i.frequencies, ARRAY[{}] \
         FROM (SELECT $2::text[]::tsquery[] AS parts OFFSET 0) w CROSS JOIN entry_index i \
         WHERE i.terms @@ (SELECT $1::text::tsquery)",
        each.join(", ")
    )
}

/// Of some entries, those that the filters let pass.
static PASSED: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT i.entry, e.id, e.updated_at_ms FROM unnest(${QUERY}::int8[]) AS i (entry) {}", *PASSING)
});

/// Of some entries, those that match and that the filters let pass, with what the server says of each part.
fn matching_among(parts: usize) -> String {
    let each: Vec<String> = (1..=parts).map(|part| format!("i.terms @@ w.parts[{part}]")).collect();
    format!(
        "SELECT i.entry, i.tokens, i.frequencies, ARRAY[{}]::bool[], e.id, e.updated_at_ms \
         FROM (SELECT ${THIRD}::text[]::tsquery[] AS parts OFFSET 0) w \
         CROSS JOIN unnest(${SECOND}::int8[]) AS r (entry) CROSS JOIN LATERAL (\
             SELECT i.entry, i.tokens, i.frequencies, i.terms FROM entry_index i \
             WHERE i.entry = r.entry AND i.terms @@ (SELECT ${QUERY}::text::tsquery) OFFSET 0) i {}",
        each.join(", "),
        *PASSING
    )
}

/// Up to so many are scored together with the filters.
const FILTERED_MAX: f64 = 60.0;
/// Beyond those that are wanted, so many are looked up at first, in case some do not pass; then so
/// many times as many.
const SPARE: usize = 10;
const SPARE_GROWTH: usize = 8;

/// What is asked of the entries that are scored.
#[derive(Debug)]
pub(super) struct Scored<'a> {
    pub(super) expression: String,
    pub(super) scoring: &'a Scoring,
    /// Units that the server has to look for in each entry, for the scoring.
    pub(super) looked_for: Vec<&'a Unit>,
    /// In so many of the columns, the name first.
    pub(super) columns: usize,
    /// How many entries will match, about.
    pub(super) expected: f64,
    /// How many are wanted.
    pub(super) wanted: usize,
    /// The share of them that is likely to pass the filters.
    pub(super) passing: f64,
}

/// The best that match and pass, best first: as many as are wanted, or all. And how many there were
/// to be scored.
///
/// # Errors
/// What the server says.
pub(super) async fn scored(
    reading: &Reading<'_>,
    filters: &Filters,
    asked: &Scored<'_>,
) -> Result<(Vec<Ranked>, usize), StoreError> {
    let parts = asked.parts();
    if parts.is_empty() && asked.expected <= FILTERED_MAX {
        let mut values = filters.values();
        values.push(value(&asked.expression));
        let rows = reading.rows(&FILTERED, &values).await?;
        let ranked = |row| Ok(Ranked { score: asked.score(row)?, ..ranked(row, [0, 4, 5])? });
        let mut found: Vec<Ranked> = rows.iter().map(ranked).collect::<Result<_, StoreError>>()?;
        found.sort_unstable_by(Ranked::order);
        let matched = found.len();
        return Ok((found, matched));
    }
    let rows = if parts.is_empty() {
        reading.rows(SCORED, &[value(&asked.expression)]).await?
    } else {
        reading.rows(&scored_with_parts(parts.len()), &[value(&asked.expression), value(&parts)]).await?
    };
    let scored = |row| Ok((asked.score(row)?, get(row, 0)?));
    let mut heads: Vec<(f64, i64)> = rows.iter().map(scored).collect::<Result<_, StoreError>>()?;
    heads.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    Ok((passed(reading, filters, asked, &heads).await?, heads.len()))
}

/// Those of some entries that match and pass, best first.
///
/// # Errors
/// What the server says.
pub(super) async fn scored_among(
    reading: &Reading<'_>,
    filters: &Filters,
    asked: &Scored<'_>,
    among: &[i64],
) -> Result<Vec<Ranked>, StoreError> {
    let parts = asked.parts();
    let mut values = filters.values();
    values.extend([value(&asked.expression), value(&among), value(&parts)]);
    let rows = reading.rows(&matching_among(parts.len()), &values).await?;
    let ranked = |row| Ok(Ranked { score: asked.score(row)?, ..ranked(row, [0, 4, 5])? });
    let mut found: Vec<Ranked> = rows.iter().map(ranked).collect::<Result<_, StoreError>>()?;
    found.sort_unstable_by(Ranked::order);
    Ok(found)
}

/// Those of some entries that the filters let pass, in no order.
///
/// # Errors
/// What the server says.
pub(super) async fn passing(
    reading: &Reading<'_>,
    filters: &Filters,
    rowids: &[i64],
) -> Result<Vec<Ranked>, StoreError> {
    let mut values = filters.values();
    values.push(value(&rowids));
    reading.rows(&PASSED, &values).await?.iter().map(|row| ranked(row, [0, 1, 2])).collect()
}

/// The first of scored entries that pass, in their final order.
async fn passed(
    reading: &Reading<'_>,
    filters: &Filters,
    asked: &Scored<'_>,
    mut heads: &[(f64, i64)],
) -> Result<Vec<Ranked>, StoreError> {
    let mut found: Vec<Ranked> = Vec::new();
    let mut next = (asked.wanted as f64 / asked.passing.clamp(0.01, 1.0)) as usize + SPARE;
    while !heads.is_empty() && found.len() < asked.wanted {
        let mut end = next.min(heads.len());
        // Entries of one score are ordered by what is only looked up now.
        while end < heads.len() && heads[end].0.total_cmp(&heads[end - 1].0).is_eq() {
            end += 1;
        }
        let (now, later) = heads.split_at(end);
        let scores: HashMap<i64, f64> = now.iter().map(|(score, rowid)| (*rowid, *score)).collect();
        let rowids: Vec<i64> = now.iter().map(|(_, rowid)| *rowid).collect();
        let first = found.len();
        for ranked in passing(reading, filters, &rowids).await? {
            let score = scores.get(&ranked.rowid).copied().unwrap_or_default();
            found.push(Ranked { score, ..ranked });
        }
        found[first..].sort_unstable_by(Ranked::order);
        heads = later;
        next = next.saturating_mul(SPARE_GROWTH);
    }
    Ok(found)
}

impl Scored<'_> {
    /// What the server has to look for in each entry.
    fn parts(&self) -> Vec<String> {
        let in_columns = |unit: &&Unit| expression::in_each_column(unit).into_iter().take(self.columns);
        self.looked_for.iter().flat_map(in_columns).collect()
    }

    /// The score of a row that begins with the entry, its tokens, frequencies and parts.
    fn score(&self, row: &Row) -> Result<f64, StoreError> {
        let others: Vec<f64> = if self.looked_for.is_empty() {
            Vec::new()
        } else {
            let parts: Vec<bool> = get(row, 3)?;
            parts.chunks(self.columns).map(frequency_of_parts).collect()
        };
        Ok(self.scoring.score(get(row, 1)?, get(row, 2)?, &others))
    }
}

impl Ranked {
    /// The best first, then the latest change.
    pub(super) fn order(one: &Self, other: &Self) -> Ordering {
        let by_score = other.score.total_cmp(&one.score);
        by_score.then(other.updated_at_ms.cmp(&one.updated_at_ms)).then(one.id.cmp(&other.id))
    }
}

/// It counts once in each column that has it.
fn frequency_of_parts(parts: &[bool]) -> f64 {
    parts.iter().zip(WEIGHTS).map(|(is_there, weight)| if *is_there { f64::from(weight) } else { 0.0 }).sum()
}

/// Reads row id, id and time of the last change from these columns.
pub(super) fn ranked(row: &Row, [rowid, id, updated_at_ms]: [usize; 3]) -> Result<Ranked, StoreError> {
    Ok(Ranked {
        rowid: get(row, rowid)?,
        id: id_from(row, id)?,
        updated_at_ms: get(row, updated_at_ms)?,
        score: 0.0,
    })
}

/// The statements, for whoever looks at their plans.
#[cfg(test)]
pub(in crate::store::postgres) mod statements {
    pub(in crate::store::postgres) const fn scored() -> &'static str {
        super::SCORED
    }

    pub(in crate::store::postgres) fn filtered() -> &'static str {
        &super::FILTERED
    }

    pub(in crate::store::postgres) fn passed() -> &'static str {
        &super::PASSED
    }

    pub(in crate::store::postgres) fn latest_among() -> &'static str {
        &super::super::latest::AMONG
    }

    pub(in crate::store::postgres) fn latest_among_scopes() -> &'static str {
        &super::super::latest::AMONG_SCOPES
    }

    pub(in crate::store::postgres) fn latest() -> &'static str {
        &super::super::latest::BY_WORDS
    }

    pub(in crate::store::postgres) fn changed() -> &'static str {
        &super::super::latest::CHANGED
    }

    pub(in crate::store::postgres) const fn hits() -> &'static str {
        super::super::hit::HITS
    }
}
