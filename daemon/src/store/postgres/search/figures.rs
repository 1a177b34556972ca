//! The store in figures: how large it is, and which lexemes are common in it. Read from the catalogue
//! and the statistics of the server; no row that anybody writes is touched.

use std::time::{Duration, Instant};

use super::{SCORED_MAX, reading::Reading};
use crate::{
    store::{
        StoreError,
        postgres::{columns::get, values::value},
    },
    text::query::Unit,
};

/// For how long figures are used, by the size of the store.
const LIFE_SMALL: Duration = Duration::from_secs(1);
const LIFE_LARGE: Duration = Duration::from_secs(60);
const LIFE_COUNTS: Duration = Duration::from_secs(10);
const LARGE_ENTRIES: f64 = 50_000.0;
/// Without any figures from the server, so many entries are counted at most.
const COUNTED_MAX: i64 = 50_000;
/// Blocks of the table whose entries are measured.
const SAMPLED_BLOCKS: f64 = 200.0;
/// Phrases and prefixes of terms that are together in more entries are not counted.
const COMBINED_MAX: f64 = 20_000.0;
/// Of the entries with all terms of a phrase, about so many have them in that order.
const PHRASE_SHARE: f64 = 0.2;
/// A length to begin with, where nothing was measured.
const TOKENS_GUESS: f64 = 50.0;

/// The store at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    pub(super) entries: f64,
    pub(super) average_tokens: f64,
    /// The share of entries that have each of the more common lexemes, sorted.
    common: Vec<(String, f64)>,
    /// What the server's own figures were when `common` was read.
    gathered: Option<(i64, f64)>,
    taken: Option<Instant>,
}

impl Figures {
    /// Of a store that was counted.
    pub(super) fn counted(entries: i64, tokens: i64) -> Self {
        Self {
            entries: entries as f64,
            average_tokens: tokens as f64 / entries.max(1) as f64,
            taken: Some(Instant::now()),
            ..Self::default()
        }
    }

    /// Whether all entries are few enough to be scored.
    pub(super) fn is_tiny(&self) -> bool {
        self.entries <= f64::from(SCORED_MAX)
    }

    /// Whether there are so many entries that estimates have to do.
    pub(super) fn is_large(&self) -> bool {
        self.entries > LARGE_ENTRIES
    }

    /// For how long it holds.
    pub(super) fn life(&self) -> Duration {
        if self.is_large() { LIFE_LARGE } else { LIFE_SMALL }
    }

    /// For how long counts of terms hold: they matter less than that new entries are among them.
    pub(super) fn counts_life(&self) -> Duration {
        LIFE_COUNTS.max(self.life())
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.taken.is_some_and(|taken| taken.elapsed() < self.life())
    }

    /// How many entries have the unit, as far as can be said without counting.
    pub(super) fn having(&self, unit: &Unit) -> Option<f64> {
        match unit {
            Unit::Term(term) => self.lexeme(term),
            Unit::Prefix(prefix) => self.prefix(prefix).filter(|having| *having > COMBINED_MAX),
            Unit::Phrase(terms) => {
                let together = self.together(terms.iter().map(|term| self.lexeme(term)))?;
                (together > COMBINED_MAX).then_some(together * PHRASE_SHARE)
            }
        }
    }

    /// How many entries have a lexeme, if it is a common one.
    pub(super) fn lexeme(&self, lexeme: &str) -> Option<f64> {
        let found = self.common.binary_search_by(|(common, _)| common.as_str().cmp(lexeme));
        found.ok().map(|index| self.common[index].1 * self.entries)
    }

    /// About how many entries of a large store have a term that is not among the common ones.
    pub(super) fn uncommon(&self, unit: &Unit) -> Option<f64> {
        let is_told = self.is_large() && matches!(unit, Unit::Term(_));
        let least = self.common.iter().map(|(_, share)| *share).reduce(f64::min).filter(|_| is_told)?;
        let most = least * self.entries;
        (most <= f64::from(SCORED_MAX)).then_some(most / 2.0)
    }

    /// How many have a lexeme that begins so, at least.
    fn prefix(&self, prefix: &str) -> Option<f64> {
        let first = self.common.partition_point(|(common, _)| common.as_str() < prefix);
        let beginning = self.common[first..].iter().take_while(|(common, _)| common.starts_with(prefix));
        let without = beginning.map(|(_, share)| 1.0 - share).product::<f64>();
        (without < 1.0).then_some((1.0 - without) * self.entries)
    }

    /// How many entries have all of several things, if these have nothing to do with each other.
    pub(super) fn together(&self, having: impl Iterator<Item = Option<f64>>) -> Option<f64> {
        let mut together = self.entries;
        for having in having {
            together *= (having? / self.entries.max(1.0)).min(1.0);
        }
        Some(together)
    }
}

/// Of `entry_index`: entries when the server looked last, blocks then, blocks now, and how often it
/// gathered statistics.
const TABLE: &str = "SELECT c.reltuples::float8, c.relpages::float8, \
     (pg_relation_size(c.oid) / current_setting('block_size')::int8)::float8, \
     pg_stat_get_analyze_count(c.oid) + pg_stat_get_autoanalyze_count(c.oid) \
     FROM pg_class c WHERE c.oid = 'entry_index'::regclass";
const COMMON: &str = "SELECT s.most_common_elems::text::text[], s.most_common_elem_freqs FROM pg_stats s \
     WHERE s.tablename = 'entry_index' AND s.attname = 'terms' AND s.most_common_elems IS NOT NULL \
     AND s.schemaname = (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = 'entry_index'::regclass)";
const AVERAGE: &str = "SELECT avg(tokens)::float8 FROM entry_index TABLESAMPLE SYSTEM (($1::float8)::float4)";
const COUNT: &str = "SELECT count(*), coalesce(sum(tokens), 0)::int8 \
     FROM (SELECT i.tokens FROM entry_index i LIMIT $1) t";

/// Figures of a store that is not tiny. What the server has not gathered anew is kept.
///
/// # Errors
/// What the server says.
pub(super) async fn gather(reading: &Reading<'_>, known: Option<&Figures>) -> Result<Figures, StoreError> {
    let rows = reading.rows(TABLE, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Corrupt("there is no index of entries".to_owned()))?;
    let (tuples, blocks_then, blocks): (f64, f64, f64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
    let gathered = (get::<Option<i64>>(row, 3)?.unwrap_or_default(), tuples);
    if tuples <= 0.0 || blocks_then <= 0.0 {
        let rows = reading.rows(COUNT, &[value(&COUNTED_MAX)]).await?;
        let row = rows.first().ok_or_else(|| StoreError::Corrupt("entries cannot be counted".to_owned()))?;
        let (counted, tokens): (i64, i64) = (get(row, 0)?, get(row, 1)?);
        let figures = Figures::counted(counted, tokens);
        // Of more than that the blocks tell how much more; entries are some 1 kB each.
        let entries = if counted < COUNTED_MAX { figures.entries } else { figures.entries.max(blocks * 8.0) };
        return Ok(Figures { entries, ..figures });
    }
    let mut figures = match known {
        Some(known) if known.gathered == Some(gathered) => known.clone(),
        _ => Figures {
            common: common(reading).await?,
            average_tokens: average_tokens(reading, blocks).await?,
            ..Figures::default()
        },
    };
    figures.entries = tuples * blocks / blocks_then;
    figures.gathered = Some(gathered);
    figures.taken = Some(Instant::now());
    Ok(figures)
}

async fn common(reading: &Reading<'_>) -> Result<Vec<(String, f64)>, StoreError> {
    let rows = reading.rows(COMMON, &[]).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let (lexemes, shares): (Vec<String>, Vec<f32>) = (get(row, 0)?, get(row, 1)?);
    let mut common: Vec<(String, f64)> = lexemes.into_iter().zip(shares.into_iter().map(f64::from)).collect();
    common.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    Ok(common)
}

async fn average_tokens(reading: &Reading<'_>, blocks: f64) -> Result<f64, StoreError> {
    let percent = (100.0 * SAMPLED_BLOCKS / blocks.max(1.0)).min(100.0);
    let rows = reading.rows(AVERAGE, &[value(&percent)]).await?;
    let average: Option<f64> = rows.first().map(|row| get(row, 0)).transpose()?.flatten();
    Ok(average.unwrap_or(TOKENS_GUESS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::query::parse;

    #[test]
    fn common_words_are_known_and_rare_ones_have_to_be_counted() {
        let common = [("conf", 0.01), ("config", 0.05), ("daemon", 0.5), ("the", 0.9)];
        let figures = Figures {
            entries: 1_000_000.0,
            common: common.map(|(lexeme, share)| (lexeme.to_owned(), share)).to_vec(),
            ..Figures::default()
        };
        let having = |query: &str| figures.having(&parse(query).units[0]);
        assert_eq!(having("daemon"), Some(500_000.0));
        assert_eq!(having("hedgehog"), None);
        assert!(having("conf*").is_some_and(|having| (having - 59_500.0).abs() < 1.0));
        assert_eq!(having("hedge*"), None);
        assert_eq!(having("\"the daemon\""), Some(450_000.0 * PHRASE_SHARE));
        assert_eq!(having("\"daemon conf\""), None);
        assert_eq!(figures.uncommon(&parse("hedgehog").units[0]), None);
        let figures = Figures { entries: 60_000.0, ..figures };
        let uncommon = |query: &str| figures.uncommon(&parse(query).units[0]);
        assert_eq!(uncommon("hedgehog"), Some(300.0));
        assert_eq!(uncommon("hedge*"), None);
    }
}
