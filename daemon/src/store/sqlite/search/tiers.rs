//! Tiers: which entries are ranked before which others, so that the cost of a search does not grow
//! with how common its words are. FTS5 scores every match, at about a microsecond each; a word
//! that is in half of a large store would cost seconds and say next to nothing.
//!
//! The words that together are in at most [`SCORED_MAX`] entries are scored by BM25, and so is all
//! of a query whose words are no more common than that: then there is one tier, and it is exact.
//! Entries that have only the more common words follow: first those that have them in name or
//! tags, by BM25, then the others, latest first.

use rusqlite::Connection;

use super::expression;
use crate::{
    store::StoreError,
    text::query::{ParsedQuery, Unit},
};

/// Entries that one tier scores at most.
const SCORED_MAX: u32 = 1_000;
/// Stores in which the common words still count for the order within the first tier. FTS5 walks
/// through all entries of each word it scores by, which larger stores cannot afford.
const SMALL_STORE_ENTRIES: i64 = 50_000;

/// How the entries of a tier are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By BM25, then latest change.
    Score,
    /// Latest first; nothing is scored.
    Latest,
}

/// Entries that rank before those of the next tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    /// What the full-text index is asked.
    pub(super) expression: String,
    pub(super) order: Order,
}

/// The tiers of a query that has words.
///
/// # Errors
/// What SQLite says.
pub(super) fn of(connection: &Connection, query: &ParsedQuery) -> Result<Vec<Tier>, StoreError> {
    let mut counted = Vec::with_capacity(query.units.len());
    for unit in &query.units {
        counted.push((count(connection, &expression::any_of(&[unit]))?, unit));
    }
    counted.sort_by_key(|(entries, _)| *entries);
    let mut total = 0;
    let rare_units = counted.iter().take_while(|(entries, _)| {
        total += entries;
        total <= SCORED_MAX
    });
    let rare_units = rare_units.count();
    let units: Vec<&Unit> = counted.iter().map(|(_, unit)| *unit).collect();
    let (rare, common) = units.split_at(rare_units);
    if common.is_empty() {
        return Ok(vec![scored(expression::any_of(&units))]);
    }
    let mut tiers = Vec::with_capacity(3);
    if !rare.is_empty() {
        tiers.push(scored(first_tier(connection, rare, &units)?));
    }
    let not_rare = |expression: String| expression::without(expression, rare);
    let named = expression::any_named(common);
    let in_names = count(connection, &named)?;
    if (1..=SCORED_MAX).contains(&in_names) {
        tiers.push(scored(not_rare(named.clone())));
        let rest = format!("({}) NOT ({named})", expression::any_of(common));
        tiers.push(Tier { expression: not_rare(rest), order: Order::Latest });
    } else {
        tiers.push(Tier { expression: not_rare(expression::any_of(common)), order: Order::Latest });
    }
    Ok(tiers)
}

fn scored(expression: String) -> Tier {
    Tier { expression, order: Order::Score }
}

/// Entries that have a rare word, scored by all words where the store is small.
fn first_tier(connection: &Connection, rare: &[&Unit], all: &[&Unit]) -> Result<String, StoreError> {
    let entries: i64 = connection
        .prepare_cached("SELECT coalesce(max(rowid), 0) FROM entries")?
        .query_row([], |row| row.get(0))?;
    let rare = expression::any_of(rare);
    if entries > SMALL_STORE_ENTRIES {
        return Ok(rare);
    }
    Ok(format!("({rare}) AND ({})", expression::any_of(all)))
}

/// How many entries match, up to one more than a tier may score.
fn count(connection: &Connection, expression: &str) -> Result<u32, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM entry_index WHERE entry_index MATCH ?1 LIMIT ?2)",
    )?;
    Ok(statement.query_row((expression, SCORED_MAX + 1), |row| row.get(0))?)
}
