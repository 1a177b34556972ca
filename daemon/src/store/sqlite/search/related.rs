//! Searches along relations: among what is related to something, and with what is related to the hits.

use std::collections::{HashMap, HashSet};

use agent_memory_proto::{
    limits::RELATED_MAX,
    request::{RelatedTo, RelationWalk},
    response::{RelatedSearchPage, SearchPage},
};
use rusqlite::Connection;

use super::{Ranking, hit::Found, ranked, read_hits};
use crate::{
    store::{
        RelatedQuery, StoreError,
        answers::{
            cursor::{Cursor, bound_to},
            graph::{self, Reached},
            related::{RELATED_TO, filters_of_related, related_hit},
            window::Window,
        },
        rules::{NodeKey, no_node},
        sqlite::{relations, scope_keys},
    },
    text::{query, snippet::Wanted},
};

/// A page of hits, and what is related to them.
///
/// # Errors
/// `Refused` for a bad cursor and for nothing to be related to, else what SQLite says.
pub(super) fn page(connection: &Connection, query: &RelatedQuery) -> Result<RelatedSearchPage, StoreError> {
    let request = &query.search.request;
    let bound = bound_to(request, query.related_to.as_ref());
    let cursor = request.cursor.as_deref().map(|text| Cursor::read(text, &bound)).transpose()?;
    let keys =
        query.search.scopes.as_ref().map(|scopes| scope_keys::find_all(connection, scopes)).transpose()?;
    let (among, mut is_cut) = match &query.related_to {
        Some(related_to) => {
            let (among, is_cut) = related(connection, related_to)?;
            (Some(list(&among)), is_cut)
        }
        None => (None, false),
    };
    let parsed = query::parse(&request.query);
    let window = Window::of(request, cursor);
    let ranking = Ranking {
        parsed: &parsed,
        request,
        keys: keys.as_deref(),
        now_ms: query.search.now_ms,
        among: among.as_deref(),
    };
    let found = read_hits(connection, &ranking, &window)?;
    let (page, next_cursor) = window.page(found, |found| found.hit.id, &bound, cursor);
    let mut added = Vec::new();
    if let Some(walk) = query.follow {
        let (followed, was_cut) = follow(connection, &ranking, &page, walk)?;
        (added, is_cut) = (followed, is_cut | was_cut);
    }
    let wanted = Wanted::of(&parsed);
    let ids: Vec<_> = page.iter().map(|found| found.hit.id).collect();
    let related =
        added.into_iter().map(|(reached, found)| related_hit(&reached, found.with_snippet(&wanted), &ids));
    Ok(RelatedSearchPage {
        related: related.collect(),
        page: SearchPage {
            hits: page.into_iter().map(|found| found.with_snippet(&wanted)).collect(),
            next_cursor,
            terms: parsed.display_terms(),
            ignored_terms: parsed.ignored,
        },
        is_cut,
    })
}

/// The row ids of the entries that are related to something, and whether there are more.
fn related(connection: &Connection, related_to: &RelatedTo) -> Result<(Vec<i64>, bool), StoreError> {
    let node = related_to.node;
    let start = relations::node(connection, node)?.ok_or_else(|| no_node(node, RELATED_TO))?;
    let walk = related_to.walk;
    let (reached, is_cut) = relations::walk(connection, &[start.key], walk, walk.limit)?;
    Ok((graph::entries(&reached), is_cut))
}

/// What is related to the hits of a page, as far as it may be seen, and whether there is more.
fn follow(
    connection: &Connection,
    ranking: &Ranking<'_>,
    page: &[Found],
    walk: RelationWalk,
) -> Result<(Vec<(Reached, Found)>, bool), StoreError> {
    let starts: Vec<NodeKey> = page.iter().map(|found| NodeKey(found.rowid)).collect();
    let (mut reached, mut is_cut) = relations::walk(connection, &starts, walk, RELATED_MAX)?;
    let request = filters_of_related(ranking.request);
    let none = query::parse("");
    let all = list(&graph::entries(&reached));
    let visible = Ranking { parsed: &none, request: &request, among: Some(&all), ..*ranking };
    let visible: HashSet<i64> = ranked(connection, &visible, u32::MAX)?.into_iter().collect();
    reached.retain(|reached| reached.key.entry().is_some_and(|rowid| visible.contains(&rowid)));
    is_cut |= reached.len() > walk.limit as usize;
    reached.truncate(walk.limit as usize);
    let chosen = list(&graph::entries(&reached));
    let chosen = Ranking { parsed: &none, request: &request, among: Some(&chosen), ..*ranking };
    let found = read_hits(connection, &chosen, &Window { offset: 0, limit: walk.limit })?;
    let mut found: HashMap<i64, Found> = found.into_iter().map(|found| (found.rowid, found)).collect();
    let with_hit = |reached: Reached| Some((reached, found.remove(&reached.key.entry()?)?));
    Ok((reached.into_iter().filter_map(with_hit).collect(), is_cut))
}

/// Row ids as one value.
fn list(rowids: &[i64]) -> String {
    serde_json::Value::from(rowids).to_string()
}
