//! Tiers: which entries are ranked before which others, so that the cost of a search does not grow
//! with how common its words are. FTS5 scores every match, at about a microsecond each; a word
//! that is in half of a large store would cost seconds and say next to nothing.
//!
//! One exact tier, scored by BM25, is all there is when the words are in few entries, or when the
//! scopes have few entries: then the index is asked for those scopes only. Otherwise the rarer
//! words, together in at most [`SCORED_MAX`] entries, make the first tier. Entries that have only
//! the more common words follow: those that have all of them, those that have them in name or
//! tags, and the others, latest first.

use rusqlite::Connection;

use super::expression;
use crate::{
    store::StoreError,
    text::query::{ParsedQuery, Unit},
};

/// Entries that one tier scores at most.
const SCORED_MAX: u32 = 1_000;
/// Stores in which common words still count for the order within a tier. FTS5 walks through all
/// entries of each word it scores by, which larger stores cannot afford.
const SMALL_STORE_ENTRIES: i64 = 50_000;
/// Scopes with this many entries are searched by the scope's own term: walking through those
/// entries costs some 50 ns each.
const NARROW_ENTRIES: i64 = 20_000;
/// And only when they are this small a part of the store: else most matches lie inside anyway.
const NARROW_PART: i64 = 8;
/// Common words that are looked for together.
const TOGETHER_MAX: usize = 4;

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

/// The tiers of a query that has words, in the scopes of those keys (everywhere for `None`).
///
/// # Errors
/// What SQLite says.
pub(super) fn of(
    connection: &Connection,
    query: &ParsedQuery,
    keys: Option<&[i64]>,
) -> Result<Vec<Tier>, StoreError> {
    let store = Store::look(connection, keys)?;
    let units: Vec<&Unit> = query.units.iter().collect();
    if store.is_exact {
        return Ok(vec![store.tier(&expression::any_of(&units), Order::Score)]);
    }
    let mut counted = Vec::with_capacity(units.len());
    for unit in units {
        counted.push((store.count(&expression::any_of(&[unit]))?, unit));
    }
    counted.sort_by_key(|(entries, _)| *entries);
    let mut total = 0;
    let is_rare = |(entries, _): &&(u32, &Unit)| {
        total += entries;
        total <= SCORED_MAX
    };
    let rare_units = counted.iter().take_while(is_rare).count();
    let units: Vec<&Unit> = counted.iter().map(|(_, unit)| *unit).collect();
    let (rare, common) = units.split_at(rare_units);
    if common.is_empty() {
        return Ok(vec![store.tier(&expression::any_of(&units), Order::Score)]);
    }
    store.tiers(rare, common, &units)
}

/// What is searched, and how much there is of it.
struct Store<'a> {
    connection: &'a Connection,
    /// Restricts a match to the scopes, where that is cheaper than to filter them out.
    within: Option<String>,
    /// So few entries can match that all are scored.
    is_exact: bool,
    is_small: bool,
}

impl<'a> Store<'a> {
    fn look(connection: &'a Connection, keys: Option<&[i64]>) -> Result<Self, StoreError> {
        let all: i64 = connection
            .prepare_cached("SELECT coalesce(max(rowid), 0) FROM entries")?
            .query_row([], |row| row.get(0))?;
        let inside = keys.map(|keys| entries_in(connection, keys)).transpose()?.unwrap_or(all);
        let is_narrow = inside <= NARROW_ENTRIES && inside.saturating_mul(NARROW_PART) <= all;
        let within = keys.filter(|_| is_narrow).map(expression::in_scopes);
        let is_exact = all <= i64::from(SCORED_MAX) || is_narrow && inside <= i64::from(SCORED_MAX);
        Ok(Self { connection, within, is_exact, is_small: all <= SMALL_STORE_ENTRIES })
    }

    fn restricted(&self, expression: &str) -> String {
        match &self.within {
            Some(within) => format!("({within}) AND ({expression})"),
            None => expression.to_owned(),
        }
    }

    fn tier(&self, expression: &str, order: Order) -> Tier {
        Tier { expression: self.restricted(expression), order }
    }

    /// How many entries match, up to one more than a tier may score.
    fn count(&self, expression: &str) -> Result<u32, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM entry_index WHERE entry_index MATCH ?1 LIMIT ?2)",
        )?;
        Ok(statement.query_row((self.restricted(expression), SCORED_MAX + 1), |row| row.get(0))?)
    }

    fn tiers(&self, rare: &[&Unit], common: &[&Unit], all: &[&Unit]) -> Result<Vec<Tier>, StoreError> {
        let mut tiers = Vec::with_capacity(4);
        let mut earlier = Vec::with_capacity(3);
        if !rare.is_empty() {
            let rare = expression::any_of(rare);
            // The second half is true of all of them: it makes the common words count, too.
            let scored = if self.is_small {
                format!("({rare}) AND ({})", expression::any_of(all))
            } else {
                rare.clone()
            };
            tiers.push(self.tier(&scored, Order::Score));
            earlier.push(rare);
        }
        if common.len() > 1 {
            let together = expression::all_of(&common[..common.len().min(TOGETHER_MAX)]);
            let entries = self.count(&together)?;
            let order = if self.is_small && entries <= SCORED_MAX { Order::Score } else { Order::Latest };
            if entries > 0 {
                tiers.push(self.tier(&expression::without(&together, &earlier), order));
                earlier.push(together);
            }
        }
        let named = expression::any_named(common);
        if (1..=SCORED_MAX).contains(&self.count(&named)?) {
            tiers.push(self.tier(&expression::without(&named, &earlier), Order::Score));
            earlier.push(named);
        }
        let rest = expression::without(&expression::any_of(common), &earlier);
        tiers.push(self.tier(&rest, Order::Latest));
        Ok(tiers)
    }
}

fn entries_in(connection: &Connection, keys: &[i64]) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT coalesce(sum(active), 0) FROM entry_counts WHERE scope = ?1")?;
    let mut entries: i64 = 0;
    for key in keys {
        entries += statement.query_row([key], |row| row.get::<_, i64>(0))?;
    }
    Ok(entries)
}
