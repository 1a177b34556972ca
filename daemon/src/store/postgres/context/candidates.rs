//! What could go into a context: the first entries of each scope and kind, straight from the index
//! that has their order, and what has to do with the query.

use std::collections::HashSet;

use agent_memory_proto::model::EntryKind;
use tokio_postgres::Row;

use crate::{
    store::{
        ContextQuery, StoreError,
        answers::{
            heads::{self, Head, RELEVANT_MAX, Relevance},
            plan::Candidate,
        },
        columns::kind_code,
        postgres::{
            columns::{code, get, id_from, kind_from, priority_from},
            connection::Connection,
            search::{self, Ranking, Statistics},
            values::value,
        },
    },
    text::query,
};

/// Of each kind and scope the first entries that can be seen: active, valid, and not overridden by one
/// of the narrower scopes before it; then those that are relevant. Scope and kind are given as a range,
/// so that the server does not take a scope for small and sort all of it. Only knowledge has bounds of
/// its validity.
const HEADS: &str = "SELECT h.* FROM unnest($2::int2[]) AS k (kind) \
    CROSS JOIN generate_series(1, cardinality($1::int8[])) AS w (place) \
    CROSS JOIN LATERAL (SELECT * FROM (\
        SELECT e.rowid, e.kind, e.priority, e.updated_at_ms, e.id, octet_length(e.name), octet_length(e.content) \
        FROM entries e WHERE (e.scope, e.kind) >= ($1[w.place], k.kind) AND (e.scope, e.kind) <= ($1[w.place], k.kind) \
        AND e.is_active AND e.invalidated_by IS NULL \
        AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= $3::int8) \
        AND (e.valid_until_ms IS NULL OR e.valid_until_ms > $3::int8) \
        AND (w.place = 1 OR NOT EXISTS (SELECT FROM entries n WHERE n.scope = ANY ($1[:w.place - 1]) \
            AND n.kind = e.kind AND n.name_key = e.name_key AND n.is_active OFFSET 0)) \
        ORDER BY e.scope, e.kind, e.priority DESC NULLS LAST, e.updated_at_ms DESC, e.id LIMIT 200) h \
        LIMIT $4::int8) h \
    UNION ALL \
    SELECT e.rowid, e.kind, e.priority, e.updated_at_ms, e.id, octet_length(e.name), octet_length(e.content) \
    FROM entries e WHERE e.rowid = ANY ($5::int8[]) AND e.kind = ANY ($2::int2[])";

/// The candidates, in the order of importance.
pub(super) async fn read(
    connection: &Connection,
    query: &ContextQuery,
    keys: &[i64],
    kinds: &[EntryKind],
    relevance: &Relevance,
) -> Result<Vec<Candidate>, StoreError> {
    let per_kind = heads::per_kind(&query.request);
    let codes: Vec<i16> = kinds.iter().map(|kind| code(kind_code(*kind))).collect();
    let relevant: Vec<i64> = relevance.keys().copied().collect();
    let limit = i64::from(per_kind);
    let values = [value(&keys), value(&codes), value(&query.now_ms), value(&limit), value(&relevant)];
    let rows = connection.rows(HEADS, &values).await?;
    let mut known = HashSet::new();
    let mut heads = Vec::with_capacity(rows.len());
    for row in &rows {
        let head = head(row)?;
        if known.insert(head.candidate.rowid) {
            heads.push(head);
        }
    }
    Ok(heads::candidates(heads, relevance, per_kind))
}

fn head(row: &Row) -> Result<Head, StoreError> {
    let bytes = |column| Ok::<_, StoreError>(usize::try_from(get::<i32>(row, column)?).unwrap_or(0));
    Ok(Head {
        candidate: Candidate {
            rowid: get(row, 0)?,
            kind: kind_from(row, 1)?,
            name_bytes: bytes(5)?,
            text_bytes: bytes(6)?,
        },
        priority: priority_from(row, 2)?,
        updated_at_ms: get(row, 3)?,
        id: id_from(row, 4)?,
    })
}

/// The ranks of the entries that have to do with the query.
pub(super) async fn relevance(
    connection: &Connection,
    statistics: &Statistics,
    query: &ContextQuery,
    keys: &[i64],
    kinds: &[EntryKind],
) -> Result<Relevance, StoreError> {
    let parsed = query::parse(query.request.query.as_deref().unwrap_or_default());
    if parsed.is_empty() {
        return Ok(Relevance::new());
    }
    let request = search::unfiltered(kinds.to_vec());
    let ranking =
        Ranking { parsed: &parsed, request: &request, keys: Some(keys), now_ms: query.now_ms, among: None };
    let ranked = search::ranked(connection, statistics, &ranking, RELEVANT_MAX).await?;
    Ok(ranked.into_iter().enumerate().map(|(rank, rowid)| (rowid, rank)).collect())
}
