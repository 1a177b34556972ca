//! What scoring has to know of the whole store: how many entries there are, how long they are, and
//! how many have a term. In a store that fits a tier it is counted for each search. In a larger one it
//! comes from the statistics that the server gathers anyhow (autovacuum, `ANALYZE`); terms that are
//! too rare to be among those are counted, and remembered for a while.

use std::{collections::HashMap, sync::Arc, time::Instant};

use agent_memory_proto::model::ScopeRef;
use arc_swap::ArcSwapOption;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::{
    SCORED_MAX, expression,
    figures::{Figures, gather},
    reading::Reading,
};
use crate::{
    store::{
        StoreError,
        columns::level_code,
        postgres::{
            columns::{code, get, scope_uuid},
            values::value,
        },
    },
    text::query::Unit,
};

/// Expressions whose counts are remembered.
const REMEMBERED: usize = 20_000;
/// Entries that are counted one by one at most, once in the life of a count.
const COUNTED_MAX: i64 = 50_000;
/// How far is counted at first.
const FEW: i64 = SCORED_MAX as i64 + 1;

/// What this daemon knows of the store as a whole.
#[derive(Debug)]
pub(in crate::store::postgres) struct Statistics {
    figures: ArcSwapOption<Figures>,
    counts: Cache<String, (Instant, i64)>,
}

/// Where a search looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Where<'a> {
    Everywhere,
    /// Those of the scopes that exist.
    Scopes(&'a [ScopeRef]),
    Keys(&'a [i64]),
}

/// What was found out before a search.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) figures: Arc<Figures>,
    /// The keys of the scopes; `None` for everywhere.
    pub(super) keys: Option<Vec<i64>>,
    /// Active entries of these scopes.
    pub(super) inside: f64,
    /// How many entries of the store have each unit.
    pub(super) having: Vec<f64>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { figures: ArcSwapOption::empty(), counts: Cache::new(REMEMBERED) }
    }
}

/// `$1`, `$2` scopes or `$3` keys; `$4` expressions, counted up to `$5`; `$6` whether to count all
/// entries up to `$5`.
const LOOK: &str = "WITH keys AS (\
     SELECT s.key, w.place FROM unnest($1::int2[], $2::uuid[]) WITH ORDINALITY AS w (level, id, place) \
         CROSS JOIN LATERAL (SELECT s.key FROM scopes s WHERE s.level = w.level AND s.id = w.id OFFSET 0) s \
     UNION ALL SELECT w.key, w.place FROM unnest($3::int8[]) WITH ORDINALITY AS w (key, place)) \
     SELECT ARRAY(SELECT key FROM keys ORDER BY place), \
         (SELECT coalesce(sum(c.active), 0)::int8 FROM keys k \
             CROSS JOIN LATERAL (SELECT c.active FROM entry_counts c WHERE c.scope = k.key OFFSET 0) c), \
         ARRAY(SELECT (SELECT count(*) FROM (SELECT FROM entry_index i WHERE i.terms @@ w.unit::tsquery LIMIT $5) m) \
             FROM unnest($4::text[]) WITH ORDINALITY AS w (unit, place) ORDER BY w.place), \
         CASE WHEN $6 THEN (SELECT ARRAY[count(*), coalesce(sum(tokens), 0)::int8] \
             FROM (SELECT i.tokens FROM entry_index i LIMIT $5) t) END";

/// `$1` expressions, counted up to `$2`.
const COUNT: &str = "SELECT (SELECT count(*) FROM (SELECT FROM entry_index i \
     WHERE i.terms @@ w.unit::tsquery LIMIT $2) m) \
     FROM unnest($1::text[]) WITH ORDINALITY AS w (unit, place) ORDER BY w.place";

impl Statistics {
    /// Finds out what there is, in one round trip as a rule, or none.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn look(
        &self,
        reading: &Reading<'_>,
        place: Where<'_>,
        units: &[Unit],
    ) -> Result<Looked, StoreError> {
        let known = self.figures.load_full();
        let is_fresh = known.as_ref().is_some_and(|figures| !figures.is_tiny() && figures.is_fresh());
        let asked: Vec<String> = match &known {
            None => Vec::new(),
            Some(figures) => {
                let unknown = units.iter().filter(|unit| self.told(figures, units, unit).is_none());
                let unknown = unknown.map(expression::of);
                unknown.filter(|unit| self.remembered(figures, unit).is_none()).collect()
            }
        };
        let mut looked = Looked { figures: Arc::default(), keys: None, inside: 0.0, having: Vec::new() };
        let mut counted: Vec<i64> = Vec::new();
        if let (Some(figures), true, true, Where::Everywhere) = (&known, is_fresh, asked.is_empty(), place) {
            looked.figures = Arc::clone(figures);
        } else {
            let (levels, ids, keys) = place.parameters();
            let is_measured = !is_fresh;
            let values =
                [value(&levels), value(&ids), value(&keys), value(&asked), value(&FEW), value(&is_measured)];
            let rows = reading.rows(LOOK, &values).await?;
            let row = rows.first().ok_or_else(|| StoreError::Corrupt("no statistics".to_owned()))?;
            looked.keys = if matches!(place, Where::Everywhere) { None } else { Some(get(row, 0)?) };
            looked.inside = get::<i64>(row, 1)? as f64;
            counted = get(row, 2)?;
            let size: Option<Vec<i64>> = get(row, 3)?;
            looked.figures = match (known, size) {
                (Some(figures), None) => figures,
                (known, size) => self.renew(reading, known, &size.unwrap_or_default()).await?,
            };
        }
        if looked.figures.is_tiny() {
            looked.inside = looked.inside.min(looked.figures.entries);
        }
        let counted: HashMap<String, i64> = asked.into_iter().zip(counted).collect();
        looked.having = self.having(reading, &looked.figures, units, counted).await?;
        Ok(looked)
    }

    async fn renew(
        &self,
        reading: &Reading<'_>,
        known: Option<Arc<Figures>>,
        size: &[i64],
    ) -> Result<Arc<Figures>, StoreError> {
        let figures = Arc::new(match *size {
            [entries, tokens] if entries <= i64::from(SCORED_MAX) => Figures::counted(entries, tokens),
            _ => gather(reading, known.as_deref()).await?,
        });
        self.figures.store(Some(Arc::clone(&figures)));
        Ok(figures)
    }

    /// How many entries have each of the units.
    async fn having(
        &self,
        reading: &Reading<'_>,
        figures: &Figures,
        units: &[Unit],
        counted: HashMap<String, i64>,
    ) -> Result<Vec<f64>, StoreError> {
        let unknown = units.iter().filter(|unit| self.told(figures, units, unit).is_none());
        let unknown: Vec<String> = unknown.map(expression::of).collect();
        let mut counts = self.count_all(reading, figures, unknown, counted).await?.into_iter();
        let having = |unit| self.told(figures, units, unit).or_else(|| counts.next()).unwrap_or_default();
        Ok(units.iter().map(having).collect())
    }

    /// How many entries have the unit, without counting. An only word need not be counted: how rare it is
    /// changes no order, and counting looks at as many entries as scoring does.
    fn told(&self, figures: &Figures, units: &[Unit], unit: &Unit) -> Option<f64> {
        let alone = || units.len() == 1 && self.remembered(figures, &expression::of(unit)).is_none();
        figures.having(unit).or_else(|| figures.uncommon(unit).filter(|_| alone()))
    }

    /// How many entries match each expression; as many as [`COUNTED_MAX`] for more.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn count(
        &self,
        reading: &Reading<'_>,
        figures: &Figures,
        expressions: Vec<String>,
    ) -> Result<Vec<f64>, StoreError> {
        self.count_all(reading, figures, expressions, HashMap::new()).await
    }

    /// Whether so few entries match an expression that they can all be scored.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn is_few(
        &self,
        reading: &Reading<'_>,
        figures: &Figures,
        expression: String,
    ) -> Result<bool, StoreError> {
        if let Some(count) = self.remembered(figures, &expression) {
            return Ok(count < FEW);
        }
        let counts = count_up_to(reading, FEW, vec![expression]).await?;
        let is_few = counts.iter().all(|(_, count)| *count < FEW);
        for (expression, count) in counts {
            self.counts.insert(expression, (Instant::now(), count));
        }
        Ok(is_few)
    }

    /// As [`Statistics::count`]; some were counted already, up to [`FEW`].
    async fn count_all(
        &self,
        reading: &Reading<'_>,
        figures: &Figures,
        expressions: Vec<String>,
        mut counted: HashMap<String, i64>,
    ) -> Result<Vec<f64>, StoreError> {
        for expression in &expressions {
            if let (Some(count), false) =
                (self.remembered(figures, expression), counted.contains_key(expression))
            {
                counted.insert(expression.clone(), count);
            }
        }
        let unknown = expressions.iter().filter(|expression| !counted.contains_key(*expression));
        let found = count_up_to(reading, FEW, unknown.cloned().collect()).await?;
        counted.extend(found);
        let many = expressions.iter().filter(|expression| counted.get(*expression) == Some(&FEW));
        let found = count_up_to(reading, COUNTED_MAX, many.cloned().collect()).await?;
        counted.extend(found);
        if !figures.is_tiny() {
            for (expression, count) in &counted {
                self.counts.insert(expression.clone(), (Instant::now(), *count));
            }
        }
        let count = |expression| counted.get(expression).copied().unwrap_or_default() as f64;
        Ok(expressions.iter().map(count).collect())
    }

    /// Keeps how many entries match an expression.
    pub(super) fn remember(&self, expression: String, count: usize) {
        self.counts.insert(expression, (Instant::now(), i64::try_from(count).unwrap_or(i64::MAX)));
    }

    /// How many match an expression, if that was found out lately.
    pub(super) fn remembered(&self, figures: &Figures, expression: &str) -> Option<i64> {
        let (at, count) = self.counts.get(expression)?;
        (!figures.is_tiny() && at.elapsed() < figures.counts_life()).then_some(count)
    }
}

async fn count_up_to(
    reading: &Reading<'_>,
    limit: i64,
    expressions: Vec<String>,
) -> Result<Vec<(String, i64)>, StoreError> {
    if expressions.is_empty() {
        return Ok(Vec::new());
    }
    let rows = reading.rows(COUNT, &[value(&expressions), value(&limit)]).await?;
    let counts: Vec<i64> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    Ok(expressions.into_iter().zip(counts).collect())
}

impl Where<'_> {
    fn parameters(self) -> (Vec<i16>, Vec<Uuid>, Vec<i64>) {
        match self {
            Where::Everywhere => (Vec::new(), Vec::new(), Vec::new()),
            Where::Scopes(scopes) => (
                scopes.iter().map(|scope| code(level_code(scope.level))).collect(),
                scopes.iter().map(scope_uuid).collect(),
                Vec::new(),
            ),
            Where::Keys(keys) => (Vec::new(), Vec::new(), keys.to_vec()),
        }
    }
}
