//! What could go into a context, in the order of importance, without the texts: guidelines by
//! priority, then knowledge and tools by relevance and by latest change.

use agent_memory_proto::model::EntryKind;
use rusqlite::{Connection, Row, params_from_iter};

use super::totals;
use crate::{
    store::{
        ContextQuery, StoreError,
        answers::{
            heads::{self, Head, Relevance},
            plan::Candidate,
        },
        sqlite::{
            columns::{id_from, kind_code, kind_from},
            search::{self, Ranking, Sql},
        },
    },
    text::query,
};

/// The candidates, and how many entries of each kind there are in all.
pub(super) struct Candidates {
    pub(super) entries: Vec<Candidate>,
    pub(super) totals: [u64; 3],
}

/// Reads the candidates.
///
/// # Errors
/// What SQLite says.
pub(super) fn read(
    connection: &Connection,
    query: &ContextQuery,
    keys: &[i64],
) -> Result<Candidates, StoreError> {
    let kinds = heads::kinds(&query.request);
    let relevance = relevance(connection, query, keys, &kinds)?;
    let per_kind = heads::per_kind(&query.request);
    let mut found: Vec<Head> = Vec::new();
    let mut totals = [0; 3];
    for kind in kinds {
        let mut heads = first(connection, query, keys, kind, per_kind)?;
        heads.extend(missing(connection, &relevance, &heads, kind)?);
        found.extend(heads);
        totals[kind as usize] = totals::visible(connection, keys, kind, query.now_ms)?;
    }
    Ok(Candidates { entries: heads::candidates(found, &relevance, per_kind), totals })
}

const COLUMNS: &str =
    "e.rowid, e.kind, e.priority, e.updated_at_ms, e.id, octet_length(e.name), octet_length(e.content)";

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        candidate: Candidate {
            rowid: row.get(0)?,
            kind: kind_from(row, 1)?,
            name_bytes: row.get::<_, u32>(5)? as usize,
            text_bytes: row.get::<_, u32>(6)? as usize,
        },
        priority: row.get(2)?,
        updated_at_ms: row.get(3)?,
        id: id_from(row, 4)?,
    })
}

/// The ranks of the entries that have to do with the query.
fn relevance(
    connection: &Connection,
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
    let ranked = search::ranked(connection, &ranking, heads::RELEVANT_MAX)?;
    Ok(ranked.into_iter().enumerate().map(|(rank, rowid)| (rowid, rank)).collect())
}

/// The first entries of each scope, straight from the index that has their order.
fn first(
    connection: &Connection,
    query: &ContextQuery,
    keys: &[i64],
    kind: EntryKind,
    limit: u32,
) -> Result<Vec<Head>, StoreError> {
    let mut heads = Vec::new();
    for index in 0..keys.len() {
        let mut sql = Sql::default();
        sql.push("SELECT ").push(COLUMNS);
        push_visible(&mut sql, query, &keys[..=index], kind);
        sql.with(" ORDER BY e.priority DESC, e.updated_at_ms DESC, e.id LIMIT ?", limit);
        let mut statement = connection.prepare_cached(&sql.text)?;
        for found in statement.query_map(params_from_iter(sql.values), head)? {
            heads.push(found?);
        }
    }
    Ok(heads)
}

/// Relevant entries that are not among the first of their scopes.
fn missing(
    connection: &Connection,
    relevance: &Relevance,
    heads: &[Head],
    kind: EntryKind,
) -> Result<Vec<Head>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM entries e WHERE e.rowid = ?1 AND e.kind = ?2"))?;
    let known: std::collections::HashSet<i64> = heads.iter().map(|head| head.candidate.rowid).collect();
    let mut missing = Vec::new();
    for rowid in relevance.keys().filter(|rowid| !known.contains(rowid)) {
        for found in statement.query_map((rowid, kind_code(kind)), head)? {
            missing.push(found?);
        }
    }
    Ok(missing)
}

/// The entries of the last of the scopes that can be seen: active, valid, and not overridden by
/// one of the narrower scopes before it.
fn push_visible(sql: &mut Sql, query: &ContextQuery, scope_keys: &[i64], kind: EntryKind) {
    let Some((own, narrower)) = scope_keys.split_last() else { return };
    sql.with(" FROM entries e WHERE e.scope = ?", *own)
        .with(" AND e.kind = ?", kind_code(kind))
        .push(" AND e.is_active = 1");
    if kind == EntryKind::Knowledge {
        sql.push(" AND e.invalidated_by IS NULL")
            .with(" AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= ?)", query.now_ms)
            .with(" AND (e.valid_until_ms IS NULL OR e.valid_until_ms > ?)", query.now_ms);
    }
    if !narrower.is_empty() {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.scope IN ")
            .list(narrower.iter().copied())
            .push(" AND n.kind = e.kind AND n.name = e.name AND n.is_active = 1)");
    }
}
