//! Searches along relations: among what is related to something, and with what is related to the hits.

use std::collections::HashMap;

use agent_memory_proto::{
    limits::RELATED_MAX,
    request::{RelatedTo, RelationWalk},
    response::{RelatedSearchPage, SearchPage},
};

use super::{
    Ranking, candidates,
    candidates::Ranked,
    filters::Filters,
    hit, ranked_in,
    reading::{Reading, begin_until},
    statistics::Where,
};
use crate::{
    store::{
        RelatedQuery, StoreError,
        answers::{
            cursor::{Cursor, bound_to},
            graph::{self, Reached, Walk},
            related::{RELATED_TO, filters_of_related, related_hit},
            window::Window,
        },
        postgres::{PostgresStore, columns::uuid, relations, values::value},
        rules::{NodeKey, no_node},
    },
    text::{query, snippet::Wanted},
};

impl PostgresStore {
    /// A page of hits, and what is related to them.
    pub(super) async fn related_page(&self, query: &RelatedQuery) -> Result<RelatedSearchPage, StoreError> {
        let deadline = query.search.deadline;
        begin_until(deadline)?;
        let connection = self.lease_until(deadline).await?;
        let reading = Reading::until(deadline, &connection)?;
        let result = self.read_related(&reading, query).await;
        if result.is_err() {
            reading.end().await;
        }
        result
    }

    async fn read_related(
        &self,
        reading: &Reading<'_>,
        query: &RelatedQuery,
    ) -> Result<RelatedSearchPage, StoreError> {
        let request = &query.search.request;
        let bound = bound_to(request, query.related_to.as_ref());
        let cursor = request.cursor.as_deref().map(|text| Cursor::read(text, &bound)).transpose()?;
        let parsed = query::parse(&request.query);
        let window = Window::of(request, cursor);
        let (among, mut is_cut) = match &query.related_to {
            Some(related_to) => {
                let (among, is_cut) = related(reading, related_to).await?;
                (Some(among), is_cut)
            }
            None => (None, false),
        };
        let place = query.search.scopes.as_deref().map_or(Where::Everywhere, Where::Scopes);
        let looked = self.statistics.look(reading, place, &parsed.units).await?;
        let keys = looked.keys.as_deref();
        let now_ms = query.search.now_ms;
        let ranking = Ranking { parsed: &parsed, request, keys, now_ms, among: among.as_deref() };
        let found = ranked_in(reading, &self.statistics, &looked, &ranking, &window).await?;
        let (mut page, next_cursor) = window.page(found, |ranked| ranked.id, &bound, cursor);
        let (ids, hits): (Vec<_>, usize) = (page.iter().map(|ranked| ranked.id).collect(), page.len());
        let mut added = Vec::new();
        if let Some(walk) = query.follow {
            let (followed, was_cut) = follow(reading, &ranking, &page, walk).await?;
            is_cut |= was_cut;
            for (reached, ranked) in followed {
                added.push(reached);
                page.push(ranked);
            }
        }
        let mut hits_and_related = hit::read(reading, &page, &Wanted::of(&parsed)).await?;
        let related = hits_and_related.split_off(hits).into_iter().zip(added);
        let related = related.map(|(hit, reached)| related_hit(&reached, hit, &ids));
        Ok(RelatedSearchPage {
            related: related.collect(),
            page: SearchPage {
                hits: hits_and_related,
                next_cursor,
                terms: parsed.display_terms(),
                ignored_terms: parsed.ignored,
            },
            is_cut,
        })
    }
}

/// The row ids of the entries that are related to something, and whether there are more.
async fn related(reading: &Reading<'_>, related_to: &RelatedTo) -> Result<(Vec<i64>, bool), StoreError> {
    let node = related_to.node;
    let (sql, kind) = relations::finding(node);
    let rows = reading.rows(sql, &[value(&uuid(node.id)), value(&kind)]).await?;
    let start = rows.first().map(relations::stored_node).transpose()?;
    let start = start.ok_or_else(|| no_node(node, RELATED_TO))?;
    let (reached, is_cut) = walk(reading, &[start.key], related_to.walk, related_to.walk.limit).await?;
    Ok((graph::entries(&reached), is_cut))
}

/// Follows relations from some nodes.
async fn walk(
    reading: &Reading<'_>,
    starts: &[NodeKey],
    rules: RelationWalk,
    reached_max: u32,
) -> Result<(Vec<Reached>, bool), StoreError> {
    let mut walk = Walk::from(starts, rules, reached_max);
    while let Some(nodes) = walk.next() {
        let edges = relations::edges(reading, &nodes, &walk).await?;
        walk.take(edges);
    }
    Ok(walk.end())
}

/// What is related to the hits of a page, as far as it may be seen, and whether there is more.
async fn follow(
    reading: &Reading<'_>,
    ranking: &Ranking<'_>,
    page: &[Ranked],
    rules: RelationWalk,
) -> Result<(Vec<(Reached, Ranked)>, bool), StoreError> {
    let starts: Vec<NodeKey> = page.iter().map(|ranked| NodeKey(ranked.rowid)).collect();
    let (reached, mut is_cut) = walk(reading, &starts, rules, RELATED_MAX).await?;
    let request = filters_of_related(ranking.request);
    let filters = Filters::of(&Ranking { request: &request, ..*ranking });
    let visible = candidates::passing(reading, &filters, &graph::entries(&reached)).await?;
    let mut visible: HashMap<i64, Ranked> =
        visible.into_iter().map(|ranked| (ranked.rowid, ranked)).collect();
    let with_entry = |reached: Reached| Some((reached, visible.remove(&reached.key.entry()?)?));
    let mut found: Vec<(Reached, Ranked)> = reached.into_iter().filter_map(with_entry).collect();
    is_cut |= found.len() > rules.limit as usize;
    found.truncate(rules.limit as usize);
    Ok((found, is_cut))
}
