//! Lists entries: the heads of the lists of all scopes straight from the index that has their order,
//! merged, in one statement.

use std::fmt::Write as _;

use agent_memory_proto::response::EntryPage;

use crate::store::{
    ListQuery, StoreError,
    columns::kind_code,
    postgres::{
        columns::{ENTRY, code, entry_from_row},
        connection::Connection,
        scope_keys,
        values::value,
    },
};

/// What stands in a list of heads, short or long.
const ROW: &str = "e.*";
const HEAD: &str = "e.rowid, e.priority, e.updated_at_ms, e.id";
const ORDER: &str = "priority DESC NULLS LAST, updated_at_ms DESC, id";
const ENTRY_ORDER: &str = "e.priority DESC NULLS LAST, e.updated_at_ms DESC, e.id";

/// A chain of scopes is no longer than this.
const SCOPES_MAX: usize = 4;
/// The shortest list of heads that is asked for.
const HEADS_MIN: u64 = 32;
/// Up to so many heads are whole rows: to look an entry up again costs more than to carry it along.
const ROWS_MAX: u64 = 256;

/// One page. Statements are planned for their texts, so what the best plan depends on stands in it: the
/// filters, and the number of heads, which is one of few.
pub(super) async fn page(connection: &Connection, query: &ListQuery) -> Result<EntryPage, StoreError> {
    let kind = code(kind_code(query.kind));
    let (wanted, offset) = (i64::from(query.limit) + 1, i64::from(query.offset));
    let heads = (u64::from(query.offset) + u64::from(query.limit) + 1).next_power_of_two().max(HEADS_MIN);
    let mut values = vec![value(&kind), value(&wanted), value(&offset)];
    let mut filter = if query.include_inactive { "TRUE".to_owned() } else { "e.is_active".to_owned() };
    if let Some(category) = &query.category {
        values.push(value(category));
        let _ = write!(filter, " AND e.category = ${}", values.len());
    }
    let (levels, ids) = scope_keys::parameters(query.scopes.as_deref().unwrap_or_default());
    let rows = match &query.scopes {
        None => connection.rows(&select(&of_all(&filter, heads), heads), &values).await?,
        Some(scopes) if scopes.len() > SCOPES_MAX => {
            return Err(StoreError::Other(format!("a chain of {} scopes", scopes.len())));
        }
        Some(scopes) if scopes.is_empty() => Vec::new(),
        Some(scopes) => {
            let sql = select(&of_scopes(scopes.len(), values.len() + 1, &filter, heads), heads);
            values.extend([value(&levels), value(&ids)]);
            connection.rows(&sql, &values).await?
        }
    };
    let entries = rows.iter().map(entry_from_row).collect::<Result<_, _>>()?;
    let (entries, has_more) = super::cut(entries, query.limit);
    Ok(EntryPage { entries, has_more })
}

/// The page of entries whose heads are these.
fn select(heads: &str, length: u64) -> String {
    if length <= ROWS_MAX {
        return format!(
            "SELECT {ENTRY} FROM (SELECT * FROM ({heads}) h ORDER BY {ORDER} LIMIT $2 OFFSET $3) e \
             JOIN scopes s ON s.key = e.scope ORDER BY {ENTRY_ORDER}"
        );
    }
    format!(
        "SELECT {ENTRY} FROM (SELECT * FROM ({heads}) h ORDER BY {ORDER} LIMIT $2 OFFSET $3) h \
         JOIN entries e ON e.rowid = h.rowid JOIN scopes s ON s.key = e.scope ORDER BY {ENTRY_ORDER}"
    )
}

const fn head(heads: u64) -> &'static str {
    if heads <= ROWS_MAX { ROW } else { HEAD }
}

fn of_all(filter: &str, heads: u64) -> String {
    let head = head(heads);
    format!(
        "SELECT {head} FROM entries e WHERE e.kind = $1 AND {filter} ORDER BY {ENTRY_ORDER} LIMIT {heads}"
    )
}

/// The head of each scope's list, without what the narrower scopes before it override. A subquery
/// with an offset stays what it is: the names are looked up one by one, in the order of the list. Scope
/// and kind are given as a range, so that the server, which cannot know how large a scope is when it
/// plans, does not take it for small and sort all of it. The scopes' levels and ids are the parameters
/// from `levels` on.
fn of_scopes(scopes: usize, levels: usize, filter: &str, heads: u64) -> String {
    let ids = levels + 1;
    let key = |place: usize| {
        format!("(SELECT key FROM scopes WHERE level = ${levels}[{place}] AND id = ${ids}[{place}])")
    };
    let head = head(heads);
    let mut sql = String::new();
    for place in 1..=scopes {
        let own = key(place);
        let union = if place > 1 { " UNION ALL " } else { "" };
        let _ = write!(
            sql,
            "{union}(SELECT {head} FROM entries e WHERE (e.scope, e.kind) >= ({own}, $1) \
             AND (e.scope, e.kind) <= ({own}, $1) AND {filter}"
        );
        if place > 1 {
            let narrower: Vec<String> = (1..place).map(key).collect();
            let _ = write!(
                sql,
                " AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.scope = ANY (ARRAY[{}]) AND n.kind = e.kind \
                 AND n.name_key = e.name_key AND n.name = e.name AND n.is_active OFFSET 0)",
                narrower.join(", ")
            );
        }
        let _ = write!(sql, " ORDER BY e.scope, e.kind, {ENTRY_ORDER} LIMIT {heads})");
    }
    sql
}

/// The statement of a page of a project's entries, for whoever looks at its plan.
#[cfg(test)]
pub(in crate::store::postgres) fn of_project() -> String {
    select(&of_scopes(2, 4, "e.is_active", HEADS_MIN), HEADS_MIN)
}
