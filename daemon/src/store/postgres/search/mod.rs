//! Search: candidates from the server's index, ranked by BM25 in the daemon, tier by tier, and a page
//! of hits. Also the ranking alone, for those who only need to know which entries are relevant.

mod candidates;
mod expression;
mod figures;
mod filters;
mod hit;
pub(super) mod index;
mod latest;
mod reading;
mod related;
mod score;
mod statistics;
mod tiers;

use agent_memory_proto::{
    model::EntryKind,
    request::Search,
    response::{Context, RelatedSearchPage, SearchPage, SimilarEntry},
};

#[cfg(test)]
pub(super) use self::candidates::statements;
use self::{
    candidates::Ranked,
    filters::Filters,
    statistics::{Looked, Where},
};
pub(super) use self::{
    reading::{Reading, begin_until},
    statistics::Statistics,
};
use super::{PostgresStore, connection::Connection};
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

/// Entries that one tier scores at most.
const SCORED_MAX: u32 = 1_000;

impl SearchStore for PostgresStore {
    fn search(&self, query: SearchQuery) -> StoreFuture<'_, SearchPage> {
        Box::pin(async move { self.page(&query).await })
    }

    fn search_related(&self, query: RelatedQuery) -> StoreFuture<'_, RelatedSearchPage> {
        Box::pin(async move { self.related_page(&query).await })
    }

    fn context(&self, query: ContextQuery) -> StoreFuture<'_, Context> {
        Box::pin(async move { self.gather(&query).await })
    }

    fn similar(&self, query: SimilarQuery) -> StoreFuture<'_, Vec<SimilarEntry>> {
        Box::pin(async move { self.find_similar(&query).await })
    }
}

impl PostgresStore {
    /// A page of hits.
    async fn page(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        let request = &query.request;
        let cursor = request.cursor.as_deref().map(|text| Cursor::read(text, request)).transpose()?;
        let parsed = query::parse(&request.query);
        let window = Window::of(request, cursor);
        begin_until(query.deadline)?;
        let connection = self.lease_until(query.deadline).await?;
        let reading = Reading::until(query.deadline, &connection)?;
        let read = async {
            let place = query.scopes.as_deref().map_or(Where::Everywhere, Where::Scopes);
            let looked = self.statistics.look(&reading, place, &parsed.units).await?;
            let keys = looked.keys.as_deref();
            let ranking = Ranking { parsed: &parsed, request, keys, now_ms: query.now_ms, among: None };
            let found = ranked_in(&reading, &self.statistics, &looked, &ranking, &window).await?;
            let (page, next_cursor) = window.page(found, |ranked| ranked.id, request, cursor);
            Ok((hit::read(&reading, &page, &Wanted::of(&parsed)).await?, next_cursor))
        };
        let result: Result<_, StoreError> = read.await;
        if result.is_err() {
            reading.end().await;
        }
        let (hits, next_cursor) = result?;
        Ok(SearchPage { hits, next_cursor, terms: parsed.display_terms(), ignored_terms: parsed.ignored })
    }
}

/// What is ranked: by the words, or by the latest change when there are none.
#[derive(Debug)]
pub(super) struct Ranking<'a> {
    pub(super) parsed: &'a ParsedQuery,
    /// The filters; the words, limit and place of the page are not looked at.
    pub(super) request: &'a Search,
    /// The scopes, narrowest first; `None` looks everywhere.
    pub(super) keys: Option<&'a [i64]>,
    pub(super) now_ms: i64,
    /// Only the entries of these row ids, if any are given.
    pub(super) among: Option<&'a [i64]>,
}

/// The row ids of the best entries, best first, in the transaction that the connection is in: one
/// that [`begin_until`] began, so that it ends in time.
///
/// # Errors
/// What the server says.
pub(super) async fn ranked(
    connection: &Connection,
    statistics: &Statistics,
    ranking: &Ranking<'_>,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let reading = Reading::within(connection);
    let place = ranking.keys.map_or(Where::Everywhere, Where::Keys);
    let looked = statistics.look(&reading, place, &ranking.parsed.units).await?;
    let window = Window { offset: 0, limit };
    let found = ranked_in(&reading, statistics, &looked, ranking, &window).await?;
    Ok(found.into_iter().map(|ranked| ranked.rowid).collect())
}

async fn ranked_in(
    reading: &Reading<'_>,
    statistics: &Statistics,
    looked: &Looked,
    ranking: &Ranking<'_>,
    window: &Window,
) -> Result<Vec<Ranked>, StoreError> {
    if let (true, Some(among)) = (ranking.parsed.is_empty(), ranking.among) {
        let mut found = candidates::passing(reading, &Filters::of(ranking), among).await?;
        found.sort_unstable_by(Ranked::order);
        return Ok(found.into_iter().skip(window.offset as usize).take(window.limit as usize).collect());
    }
    if ranking.parsed.is_empty() {
        let limit = i64::from(window.offset) + i64::from(window.limit);
        let mut found = latest::changed(reading, &Filters::of(ranking), limit).await?;
        return Ok(found.split_off(found.len().min(window.offset as usize)));
    }
    tiers::over(reading, statistics, looked, ranking, window).await
}

/// A search with no filter but the kinds; none means all.
pub(super) fn unfiltered(kinds: Vec<EntryKind>) -> Search {
    Search { kinds, ..Search::new(String::new(), None) }
}
