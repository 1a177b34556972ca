//! Tiers: which entries are ranked before which others, so that the cost of a search does not grow
//! with how common its words are. The index gives all entries of a word before the first can be
//! looked at, and each that is scored costs some microseconds.
//!
//! One exact tier is all there is when the words are in few entries, or when the scopes have few.
//! Otherwise the rarer words, together in at most [`SCORED_MAX`] entries, make the first tier. Entries
//! that have only the more common words follow: those that have all of them, those that have them in
//! name or tags, and the others, latest first.

use super::{
    Ranking, SCORED_MAX,
    candidates::{self, Ranked, Scored},
    expression,
    filters::Filters,
    index::named_lexeme,
    latest::{self, Walk},
    reading::Reading,
    score::Scoring,
    statistics::{Looked, Statistics},
};
use crate::{
    store::{StoreError, answers::window::Window},
    text::query::Unit,
};

/// Scopes with this many entries are searched by the scope's own lexeme.
const NARROW_ENTRIES: f64 = 20_000.0;
/// And only when they are this small a part of the store: else most matches lie inside anyway.
const NARROW_PART: f64 = 8.0;
/// Common words that are looked for together.
const TOGETHER_MAX: usize = 4;
/// What is in more entries than this is not counted together with anything.
const WALKED_MAX: f64 = 50_000.0;
/// A word may be so much more frequent in a project than everywhere.
const UNEVEN: f64 = 2.0;
/// The latest entries of a store that are looked at one by one, at most.
const LOOKED_AT_MAX: f64 = 20_000.0;
/// The latest entries of scopes: each has to be looked up. No fewer than this are asked for, since those
/// that are not needed are not looked up.
const WALKED_IN_SCOPES_MAX: f64 = 5_000.0;
const WALKED_IN_SCOPES_MIN: i64 = 200;

/// The entries of a window over all tiers.
///
/// # Errors
/// What the server says.
pub(super) async fn over(
    reading: &Reading<'_>,
    statistics: &Statistics,
    looked: &Looked,
    ranking: &Ranking<'_>,
    window: &Window,
) -> Result<Vec<Ranked>, StoreError> {
    let units = &ranking.parsed.units;
    let figures = &looked.figures;
    let inside = if ranking.keys.is_some() { looked.inside } else { figures.entries };
    let is_narrow = inside <= NARROW_ENTRIES && inside * NARROW_PART <= figures.entries;
    let search = Search {
        reading,
        statistics,
        looked,
        units,
        filters: Filters::of(ranking),
        scoring: Scoring::new(
            units.iter().zip(looked.having.iter().copied()),
            figures.entries,
            figures.average_tokens,
        ),
        within: ranking.keys.filter(|_| is_narrow).map(expression::in_scopes),
        inside,
        has_scopes: ranking.keys.is_some(),
    };
    let mut found = Found { skip: window.offset as usize, limit: window.limit as usize, entries: Vec::new() };
    if let Some(among) = ranking.among {
        let asked = search.asked(expression::any_of(units), 0.0, window.limit as usize);
        found.extend(candidates::scored_among(reading, &search.filters, &asked, among).await?);
        return Ok(found.entries);
    }
    let is_exact = figures.is_tiny() || is_narrow && inside <= f64::from(SCORED_MAX);
    if is_exact {
        let expected = looked.having.iter().sum::<f64>().min(inside);
        let any = expression::any_of(units);
        found.extend(search.scored(&any, &any, expected, found.open()).await?);
        return Ok(found.entries);
    }
    let (rare, common) = search.split();
    search.tiers(&rare, &common, &mut found).await?;
    Ok(found.entries)
}

/// What is found, of what is wanted.
struct Found {
    skip: usize,
    limit: usize,
    entries: Vec<Ranked>,
}

impl Found {
    /// Entries that are wanted of the next tier, with those that are skipped.
    fn open(&self) -> usize {
        if self.entries.len() >= self.limit { 0 } else { self.skip + self.limit - self.entries.len() }
    }

    fn extend(&mut self, tier: Vec<Ranked>) {
        let skipped = self.skip.min(tier.len());
        self.skip -= skipped;
        let room = self.limit.saturating_sub(self.entries.len());
        self.entries.extend(tier.into_iter().skip(skipped).take(room));
    }
}

/// A unit, and how many entries it may find.
type Counted<'a> = (&'a Unit, f64);

struct Search<'a> {
    reading: &'a Reading<'a>,
    statistics: &'a Statistics,
    looked: &'a Looked,
    units: &'a [Unit],
    filters: Filters,
    scoring: Scoring,
    /// Restricts a match to the scopes, where that is cheaper than to filter them out.
    within: Option<String>,
    inside: f64,
    has_scopes: bool,
}

impl<'a> Search<'a> {
    /// The rarer units, together in few entries, and the others.
    fn split(&self) -> (Vec<Counted<'a>>, Vec<Counted<'a>>) {
        let mut counted: Vec<Counted<'_>> =
            self.units.iter().zip(self.looked.having.iter().copied()).collect();
        if self.within.is_some() {
            let share = self.inside / self.looked.figures.entries.max(1.0);
            for (_, having) in &mut counted {
                // Words are not spread evenly over the projects.
                *having = (*having * share * UNEVEN).min(*having).min(self.inside);
            }
        }
        counted.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut total = 0.0;
        let rare = counted.iter().take_while(|(_, having)| {
            total += having;
            total <= f64::from(SCORED_MAX)
        });
        let common = counted.split_off(rare.count());
        (counted, common)
    }

    async fn tiers(
        &self,
        rare: &[Counted<'a>],
        common: &[Counted<'a>],
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let units = |counted: &[Counted<'a>]| counted.iter().map(|(unit, _)| *unit).collect::<Vec<_>>();
        let mut earlier = Vec::with_capacity(3);
        if !rare.is_empty() {
            let expression = expression::any_of(units(rare));
            let expected = rare.iter().map(|(_, having)| having).sum();
            found.extend(self.scored(&expression, &expression, expected, found.open()).await?);
            earlier.push(expression);
        }
        if common.len() > 1 && found.open() > 0 {
            let common = &common[..common.len().min(TOGETHER_MAX)];
            let all = expression::all_of(units(common));
            let share = self.share(common);
            let expected = share * self.base();
            let both = expression::without(&all, &earlier);
            if self.is_few(&all, common[0].1, Some(expected)).await? {
                found.extend(self.scored(&both, &all, expected, found.open()).await?);
            } else {
                found.extend(self.latest(&both, share, found.open()).await?);
            }
            earlier.push(all);
        }
        if !common.is_empty() && found.open() > 0 {
            let named = expression::any_named(units(common));
            let having = units(common).into_iter().map(|unit| self.having_named(unit));
            let walked = having.clone().flatten().sum();
            if self.is_few(&named, walked, having.sum()).await? {
                let named = expression::without(&named, &earlier);
                found.extend(self.named(&units(common), &named, found.open()).await?);
                earlier.push(expression::any_named(units(common)));
            }
        }
        if let (Some((_, most)), true) = (common.last(), found.open() > 0) {
            let any = expression::any_of(units(common));
            let share = (most / self.base()).min(1.0);
            found.extend(self.latest(&expression::without(&any, &earlier), share, found.open()).await?);
        }
        Ok(())
    }

    fn restricted(&self, expression: &str) -> String {
        match &self.within {
            Some(within) => format!("({within}) & ({expression})"),
            None => expression.to_owned(),
        }
    }

    /// Entries among which the index looks.
    fn base(&self) -> f64 {
        if self.within.is_some() { self.inside } else { self.looked.figures.entries }.max(1.0)
    }

    /// The share of those that have all the units, if these have nothing to do with each other.
    fn share(&self, common: &[Counted<'a>]) -> f64 {
        common.iter().map(|(_, having)| (having / self.base()).min(1.0)).product()
    }

    /// Whether few enough match to be scored, where that can be found out without walking through too
    /// many. In a large store the expectation has to do, if there is one, until it proved wrong.
    async fn is_few(&self, expression: &str, walked: f64, expected: Option<f64>) -> Result<bool, StoreError> {
        let figures = &self.looked.figures;
        if walked > WALKED_MAX {
            return Ok(false);
        }
        let expression = self.restricted(expression);
        match expected.filter(|_| figures.is_large()) {
            Some(expected) => Ok(self
                .statistics
                .remembered(figures, &expression)
                .map_or(expected <= f64::from(SCORED_MAX), |count| count <= i64::from(SCORED_MAX))),
            None => self.statistics.is_few(self.reading, figures, expression).await,
        }
    }

    /// Scores what an expression matches. When that is far more than was expected of `learnt`, this
    /// is known from then on.
    async fn scored(
        &self,
        expression: &str,
        learnt: &str,
        expected: f64,
        wanted: usize,
    ) -> Result<Vec<Ranked>, StoreError> {
        let asked = self.asked(self.restricted(expression), expected, wanted);
        let (found, matched) = candidates::scored(self.reading, &self.filters, &asked).await?;
        if matched > SCORED_MAX as usize {
            self.statistics.remember(self.restricted(learnt), matched);
        }
        Ok(found)
    }

    fn asked(&self, expression: String, expected: f64, wanted: usize) -> Scored<'_> {
        Scored {
            expected,
            wanted,
            passing: self.passing(),
            expression,
            scoring: &self.scoring,
            looked_for: self.units.iter().filter(|unit| !matches!(unit, Unit::Term(_))).collect(),
            columns: 3,
        }
    }

    /// The share of matches that lies inside the scopes.
    fn passing(&self) -> f64 {
        if self.within.is_some() { 1.0 } else { self.inside / self.looked.figures.entries.max(1.0) }
    }

    /// How many entries of the store have a term in name or tags, if many do.
    fn having_named(&self, unit: &Unit) -> Option<f64> {
        match unit {
            Unit::Term(term) => self.looked.figures.lexeme(&named_lexeme(term)),
            Unit::Prefix(_) | Unit::Phrase(_) => None,
        }
    }

    /// Entries with common words in name or tags: only there do they count.
    async fn named(
        &self,
        common: &[&Unit],
        expression: &str,
        wanted: usize,
    ) -> Result<Vec<Ranked>, StoreError> {
        let figures = &self.looked.figures;
        let unknown = common.iter().filter(|unit| self.having_named(unit).is_none());
        let unknown = unknown.map(|unit| expression::named(unit)).collect();
        let mut counts = self.statistics.count(self.reading, figures, unknown).await?.into_iter();
        let having = |unit: &&Unit| self.having_named(unit).or_else(|| counts.next()).unwrap_or_default();
        let having: Vec<f64> = common.iter().map(having).collect();
        let asked = Scored {
            expression: self.restricted(expression),
            scoring: &Scoring::looked_for(&having, figures.entries, figures.average_tokens),
            looked_for: common.to_vec(),
            columns: 2,
            expected: having.iter().sum(),
            wanted,
            passing: self.passing(),
        };
        Ok(candidates::scored(self.reading, &self.filters, &asked).await?.0)
    }

    /// The latest, of an expression that matches such a share of all entries.
    async fn latest(&self, expression: &str, share: f64, limit: usize) -> Result<Vec<Ranked>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let needed = 3.0 * limit as f64 / share.max(1e-9);
        let walk = if self.has_scopes {
            let is_short = needed <= self.inside.min(WALKED_IN_SCOPES_MAX);
            is_short.then_some(Walk::Scopes((needed as i64).max(WALKED_IN_SCOPES_MIN)))
        } else {
            (needed <= LOOKED_AT_MAX).then_some(Walk::Store((needed as i64).max(1_000)))
        };
        let restricted = self.restricted(expression);
        latest::matching(self.reading, &self.filters, [expression, &restricted], limit, walk).await
    }
}
