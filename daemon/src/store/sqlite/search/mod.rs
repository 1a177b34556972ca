//! Search: statements that match, filter and rank tier by tier, and read a page of hits. Also the
//! ranking alone, for those who only need to know which entries are relevant.

mod expression;
mod filters;
mod hit;
mod related;
mod tiers;

use agent_memory_proto::{
    model::EntryKind,
    request::Search,
    response::{RelatedSearchPage, SearchPage},
};
use rusqlite::{Connection, params_from_iter};

pub(super) use self::filters::Sql;
use self::tiers::{Order, Tier};
use super::{SqliteStore, context, scope_keys, similar};
use crate::{
    store::{
        ContextQuery, RelatedQuery, SearchQuery, SearchStore, SimilarQuery, StoreError, StoreFuture,
        answers::{cursor::Cursor, window::Window},
    },
    text::{
        query::{self, ParsedQuery},
        snippet::Wanted,
    },
};

impl SearchStore for SqliteStore {
    fn search(&self, query: SearchQuery) -> StoreFuture<'_, SearchPage> {
        let deadline = query.deadline;
        let read = move |connection: &Connection| page(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(Some(deadline), read)))
    }

    fn search_related(&self, query: RelatedQuery) -> StoreFuture<'_, RelatedSearchPage> {
        let deadline = query.search.deadline;
        let read = move |connection: &Connection| related::page(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(Some(deadline), read)))
    }

    fn context(&self, query: ContextQuery) -> StoreFuture<'_, agent_memory_proto::response::Context> {
        let deadline = query.deadline;
        let read = move |connection: &Connection| context::gather(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(Some(deadline), read)))
    }

    fn similar(
        &self,
        query: SimilarQuery,
    ) -> StoreFuture<'_, Vec<agent_memory_proto::response::SimilarEntry>> {
        let deadline = query.deadline;
        let read = move |connection: &Connection| similar::find(connection, &query);
        Box::pin(self.readers.run_long(move |reader| reader.snapshot(Some(deadline), read)))
    }
}

/// How much a word counts in the name, the tags and the content; the scope is no word.
const SCORE: &str = "bm25(entry_index, 8.0, 4.0, 1.0, 0.0)";

/// A page of hits.
///
/// # Errors
/// `Refused` for a bad cursor, else what SQLite says.
pub(super) fn page(connection: &Connection, query: &SearchQuery) -> Result<SearchPage, StoreError> {
    let request = &query.request;
    let cursor = request.cursor.as_deref().map(|text| Cursor::read(text, request)).transpose()?;
    let keys = query.scopes.as_ref().map(|scopes| scope_keys::find_all(connection, scopes)).transpose()?;
    let parsed = query::parse(&request.query);
    let window = Window::of(request, cursor);
    let hits = read_hits(
        connection,
        &Ranking { parsed: &parsed, request, keys: keys.as_deref(), now_ms: query.now_ms, among: None },
        &window,
    )?;

    let wanted = Wanted::of(&parsed);
    let (page, next_cursor) = window.page(hits, |found| found.hit.id, request, cursor);
    Ok(SearchPage {
        hits: page.into_iter().map(|found| found.with_snippet(&wanted)).collect(),
        next_cursor,
        terms: parsed.display_terms(),
        ignored_terms: parsed.ignored,
    })
}

/// What is ranked: by the words, or by the latest change when there are none.
pub(super) struct Ranking<'a> {
    pub(super) parsed: &'a ParsedQuery,
    /// The filters; the words, limit and place of the page are not looked at.
    pub(super) request: &'a Search,
    /// The scopes, narrowest first; `None` looks everywhere.
    pub(super) keys: Option<&'a [i64]>,
    pub(super) now_ms: i64,
    /// Only these entries, if any are given: a JSON array of row ids.
    pub(super) among: Option<&'a str>,
}

impl Ranking<'_> {
    /// The tiers of the words; without words there is only the order of the latest change.
    fn tiers(&self, connection: &Connection) -> Result<Vec<Option<Tier>>, StoreError> {
        if self.parsed.is_empty() {
            return Ok(vec![None]);
        }
        Ok(tiers::of(connection, self.parsed, self.keys)?.into_iter().map(Some).collect())
    }

    /// The rows `entry` and `score` of one tier, in its order.
    fn push_to(&self, sql: &mut Sql, tier: Option<&Tier>, window: &Window) {
        match tier {
            None => match self.among {
                None => {
                    sql.push("SELECT e.rowid AS entry, 0.0 AS score FROM entries e WHERE TRUE");
                }
                Some(among) => {
                    sql.with(
                        "SELECT e.rowid AS entry, 0.0 AS score FROM json_each(?) j \
                         CROSS JOIN entries e ON e.rowid = j.value WHERE TRUE",
                        among.to_owned(),
                    );
                }
            },
            Some(Tier { expression, order }) => {
                sql.push("SELECT e.rowid AS entry, ")
                    .push(match order {
                        Order::Score => SCORE,
                        Order::Latest => "0.0",
                    })
                    .with(
                        " AS score FROM entry_index CROSS JOIN entries e ON e.rowid = entry_index.rowid \
                         WHERE entry_index MATCH ?",
                        expression.clone(),
                    );
                // Looked up in a set: sought in the index one by one, they would be scored one by one.
                if let Some(among) = self.among {
                    sql.with(" AND +entry_index.rowid IN (SELECT value FROM json_each(?))", among.to_owned());
                }
            }
        }
        filters::push_filters(sql, self.request, self.keys, self.now_ms);
        sql.push(" ORDER BY ")
            .push(match tier {
                Some(Tier { order: Order::Latest, .. }) => "entry_index.rowid DESC",
                Some(_) | None => "score, e.updated_at_ms DESC, e.id",
            })
            .with(" LIMIT ?", window.limit)
            .with(" OFFSET ?", window.offset);
    }

    /// Reads a window over all tiers, `read` at a time. Later tiers are only looked at when the
    /// earlier ones do not fill it.
    fn over_tiers<T>(
        &self,
        connection: &Connection,
        window: &Window,
        read: impl Fn(Option<&Tier>, &Window) -> Result<Vec<T>, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        let mut offset = window.offset;
        for tier in self.tiers(connection)? {
            let wanted = window.limit - u32::try_from(rows.len()).unwrap_or(window.limit);
            if wanted == 0 {
                break;
            }
            let found = read(tier.as_ref(), &Window { offset, limit: wanted })?;
            offset = match found.len() {
                0 if offset > 0 => offset - self.count(connection, tier.as_ref(), offset)?,
                _ => 0,
            };
            rows.extend(found);
        }
        Ok(rows)
    }

    /// How many entries a tier has, up to `most`.
    fn count(&self, connection: &Connection, tier: Option<&Tier>, most: u32) -> Result<u32, StoreError> {
        let mut sql = Sql::default();
        sql.push("SELECT count(*) FROM (");
        self.push_to(&mut sql, tier, &Window { offset: 0, limit: most });
        sql.push(")");
        let mut statement = connection.prepare_cached(&sql.text)?;
        Ok(statement.query_row(params_from_iter(sql.values), |row| row.get(0))?)
    }
}

fn read_hits(
    connection: &Connection,
    ranking: &Ranking<'_>,
    window: &Window,
) -> Result<Vec<hit::Found>, StoreError> {
    ranking.over_tiers(connection, window, |tier, window| {
        let mut sql = Sql::default();
        sql.push("SELECT ").push(hit::COLUMNS).push(" FROM (");
        ranking.push_to(&mut sql, tier, window);
        sql.push(
            ") r CROSS JOIN entries e ON e.rowid = r.entry CROSS JOIN scopes s ON s.key = e.scope ORDER BY ",
        )
        .push(match tier {
            Some(Tier { order: Order::Latest, .. }) => "r.entry DESC",
            Some(_) | None => "r.score, e.updated_at_ms DESC, e.id",
        });
        let mut statement = connection.prepare_cached(&sql.text)?;
        let rows = statement.query_map(params_from_iter(sql.values), hit::Found::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// The row ids of the best entries, best first.
///
/// # Errors
/// What SQLite says.
pub(super) fn ranked(
    connection: &Connection,
    ranking: &Ranking<'_>,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    ranking.over_tiers(connection, &Window { offset: 0, limit }, |tier, window| {
        let mut sql = Sql::default();
        ranking.push_to(&mut sql, tier, window);
        let mut statement = connection.prepare_cached(&sql.text)?;
        let rows = statement.query_map(params_from_iter(sql.values), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// A search with no filter but the kinds; none means all.
pub(super) fn unfiltered(kinds: Vec<EntryKind>) -> Search {
    Search { kinds, ..Search::new(String::new(), None) }
}
