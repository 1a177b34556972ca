//! Lists entries: of one scope straight from the index that has their order, of several by merging
//! the heads of their lists.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Entry, ScopeRef},
    response::EntryPage,
};
use rusqlite::{Connection, Row, named_params};

use crate::store::{
    ListQuery, StoreError,
    sqlite::{
        columns::{ENTRY, entry_from_row, kind_code},
        scope_keys,
    },
};

// A cross join, so that the planner keeps the order: it must not start from the scopes.
const FROM: &str = "FROM entries e CROSS JOIN scopes s ON s.key = e.scope";
const FILTER: &str =
    "e.kind = :kind AND (e.is_active OR :inactive) AND (:category IS NULL OR e.category = :category)";
const ORDER: &str = "ORDER BY e.priority DESC, e.updated_at_ms DESC, e.id";

static OF_ALL: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {ENTRY} {FROM} WHERE {FILTER} {ORDER} LIMIT :limit OFFSET :offset"));
static OF_ONE: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {ENTRY} {FROM} WHERE e.scope = :scope AND {FILTER} {ORDER} LIMIT :limit OFFSET :offset")
});
static HEADS: LazyLock<Vec<String>> = LazyLock::new(|| (0..SCOPES_MAX).map(heads_sql).collect());
static BY_ROW: LazyLock<String> = LazyLock::new(|| format!("SELECT {ENTRY} {FROM} WHERE e.rowid = ?1"));

/// A chain of scopes is no longer than this.
const SCOPES_MAX: usize = 4;

/// One page.
pub(in crate::store::sqlite) fn page(
    connection: &Connection,
    query: &ListQuery,
) -> Result<EntryPage, StoreError> {
    let entries = match &query.scopes {
        None => all(connection, query)?,
        Some(scopes) => match of_scopes(connection, scopes)?.as_slice() {
            [] => Vec::new(),
            [only] => of_one(connection, query, *only)?,
            several => merged(connection, query, several)?,
        },
    };
    let (entries, has_more) = super::cut(entries, query.limit);
    Ok(EntryPage { entries, has_more })
}

fn of_scopes(connection: &Connection, scopes: &[ScopeRef]) -> Result<Vec<i64>, StoreError> {
    if scopes.len() > SCOPES_MAX {
        return Err(StoreError::Other(format!("a chain of {} scopes", scopes.len())));
    }
    scope_keys::find_all(connection, scopes)
}

fn all(connection: &Connection, query: &ListQuery) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&OF_ALL)?;
    let parameters = named_params! {
        ":kind": kind_code(query.kind),
        ":inactive": query.include_inactive,
        ":category": query.category,
        ":limit": i64::from(query.limit) + 1,
        ":offset": query.offset,
    };
    Ok(statement.query_map(parameters, entry_from_row)?.collect::<Result<_, _>>()?)
}

fn of_one(connection: &Connection, query: &ListQuery, scope: i64) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection.prepare_cached(&OF_ONE)?;
    let parameters = named_params! {
        ":scope": scope,
        ":kind": kind_code(query.kind),
        ":inactive": query.include_inactive,
        ":category": query.category,
        ":limit": i64::from(query.limit) + 1,
        ":offset": query.offset,
    };
    Ok(statement.query_map(parameters, entry_from_row)?.collect::<Result<_, _>>()?)
}

/// Where an entry stands in the list, and where it is stored. Ordered as the list is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    order: (std::cmp::Reverse<Option<i64>>, std::cmp::Reverse<i64>, [u8; 16]),
    rowid: i64,
}

impl Head {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let order =
            (std::cmp::Reverse(row.get(1)?), std::cmp::Reverse(row.get(2)?), row.get::<_, [u8; 16]>(3)?);
        Ok(Self { order, rowid: row.get(0)? })
    }
}

/// The query for the head of one scope's list, without what the `narrower` scopes before it override.
fn heads_sql(narrower: usize) -> String {
    let scopes: Vec<String> = (0..narrower).map(|index| format!(":narrower{index}")).collect();
    let overridden = if narrower == 0 {
        String::new()
    } else {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.scope IN ({}) AND n.kind = e.kind \
             AND n.name = e.name AND n.is_active)",
            scopes.join(", ")
        )
    };
    format!(
        "SELECT e.rowid, e.priority, e.updated_at_ms, e.id FROM entries e \
         WHERE e.scope = :scope AND {FILTER} {overridden} {ORDER} LIMIT :limit"
    )
}

fn merged(connection: &Connection, query: &ListQuery, scopes: &[i64]) -> Result<Vec<Entry>, StoreError> {
    let wanted = i64::from(query.offset) + i64::from(query.limit) + 1;
    let mut heads = Vec::new();
    for (index, scope) in scopes.iter().enumerate() {
        let mut statement = connection.prepare_cached(&HEADS[index])?;
        let kind = kind_code(query.kind);
        let mut parameters: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
            (":scope", scope),
            (":kind", &kind),
            (":inactive", &query.include_inactive),
            (":category", &query.category),
            (":limit", &wanted),
        ];
        for (name, narrower) in [":narrower0", ":narrower1", ":narrower2"].into_iter().zip(&scopes[..index]) {
            parameters.push((name, narrower));
        }
        for head in statement.query_map(parameters.as_slice(), Head::from_row)? {
            heads.push(head?);
        }
    }
    heads.sort_unstable();
    let mut statement = connection.prepare_cached(&BY_ROW)?;
    let skip = usize::try_from(query.offset).unwrap_or(usize::MAX);
    let take = usize::try_from(query.limit).unwrap_or(usize::MAX).saturating_add(1);
    let page = heads.iter().skip(skip).take(take);
    page.map(|head| Ok(statement.query_row([head.rowid], entry_from_row)?)).collect()
}
