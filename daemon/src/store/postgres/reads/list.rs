//! Lists entries: the heads of the lists of all scopes straight from the index that has their order,
//! merged, in one statement.

use std::fmt::Write as _;

use agent_memory_proto::response::EntryPage;
use uuid::Uuid;

use crate::store::{
    ListQuery, StoreError,
    columns::{kind_code, level_code},
    postgres::{
        columns::{ENTRY, code, entry_from_row, scope_uuid},
        connection::Connection,
        values::value,
    },
};

const FILTER: &str = "e.kind = $1 AND (e.is_active OR $2) AND ($3 IS NULL OR e.category = $3)";
const HEAD: &str = "e.rowid, e.priority, e.updated_at_ms, e.id";
const ORDER: &str = "priority DESC NULLS LAST, updated_at_ms DESC, id";
const ENTRY_ORDER: &str = "e.priority DESC NULLS LAST, e.updated_at_ms DESC, e.id";

/// A chain of scopes is no longer than this.
const SCOPES_MAX: usize = 4;
/// The shortest list of heads that is asked for.
const HEADS_MIN: u64 = 64;

/// One page.
pub(super) async fn page(connection: &Connection, query: &ListQuery) -> Result<EntryPage, StoreError> {
    let kind = code(kind_code(query.kind));
    let (wanted, offset) = (i64::from(query.limit) + 1, i64::from(query.offset));
    let filter = [
        value(&kind),
        value(&query.include_inactive),
        value(&query.category),
        value(&wanted),
        value(&offset),
    ];
    // Statements are planned for their texts, so the number of heads stands in it, and is one of few.
    let heads = (u64::from(query.offset) + u64::from(query.limit) + 1).next_power_of_two().max(HEADS_MIN);
    let rows = match &query.scopes {
        None => connection.rows(&select(&of_all(heads)), &filter).await?,
        Some(scopes) if scopes.len() > SCOPES_MAX => {
            return Err(StoreError::Other(format!("a chain of {} scopes", scopes.len())));
        }
        Some(scopes) if scopes.is_empty() => Vec::new(),
        Some(scopes) => {
            let levels: Vec<i16> = scopes.iter().map(|scope| code(level_code(scope.level))).collect();
            let ids: Vec<Uuid> = scopes.iter().map(scope_uuid).collect();
            let [kind, inactive, category, wanted, offset] = filter;
            let values = [kind, inactive, category, wanted, offset, value(&levels), value(&ids)];
            connection.rows(&select(&of_scopes(scopes.len(), heads)), &values).await?
        }
    };
    let entries = rows.iter().map(entry_from_row).collect::<Result<_, _>>()?;
    let (entries, has_more) = super::cut(entries, query.limit);
    Ok(EntryPage { entries, has_more })
}

/// The page of entries whose heads are these.
fn select(heads: &str) -> String {
    format!(
        "SELECT {ENTRY} FROM (SELECT * FROM ({heads}) h ORDER BY {ORDER} LIMIT $4 OFFSET $5) h \
         JOIN entries e ON e.rowid = h.rowid JOIN scopes s ON s.key = e.scope ORDER BY {ENTRY_ORDER}"
    )
}

fn of_all(heads: u64) -> String {
    format!("SELECT {HEAD} FROM entries e WHERE {FILTER} ORDER BY {ENTRY_ORDER} LIMIT {heads}")
}

/// The head of each scope's list, without what the narrower scopes before it override. A subquery
/// with an offset stays what it is: the names are looked up one by one, in the order of the list.
fn of_scopes(scopes: usize, heads: u64) -> String {
    let key =
        |place: usize| format!("(SELECT key FROM scopes WHERE level = $6[{place}] AND id = $7[{place}])");
    let mut sql = String::new();
    for place in 1..=scopes {
        let union = if place > 1 { " UNION ALL " } else { "" };
        let _ =
            write!(sql, "{union}(SELECT {HEAD} FROM entries e WHERE e.scope = {} AND {FILTER}", key(place));
        if place > 1 {
            let narrower: Vec<String> = (1..place).map(key).collect();
            let _ = write!(
                sql,
                " AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.scope = ANY (ARRAY[{}]) AND n.kind = e.kind \
                 AND n.name_key = e.name_key AND n.name = e.name AND n.is_active OFFSET 0)",
                narrower.join(", ")
            );
        }
        let _ = write!(sql, " ORDER BY {ENTRY_ORDER} LIMIT {heads})");
    }
    sql
}
