//! Scopes and the integer keys that stand for them in every other table.

use agent_memory_proto::model::ScopeRef;
use uuid::Uuid;

use super::{
    columns::{code, get, scope_from, scope_uuid},
    connection::Connection,
    values::value,
};
use crate::store::{StoreError, columns::level_code};

/// The levels and ids of scopes, as parameters.
pub(super) fn parameters(scopes: &[ScopeRef]) -> (Vec<i16>, Vec<Uuid>) {
    let levels = scopes.iter().map(|scope| code(level_code(scope.level))).collect();
    (levels, scopes.iter().map(scope_uuid).collect())
}

/// Begins a transaction and returns the keys of those scopes that exist, in the same order.
pub(super) async fn begin_and_find_all(
    connection: &Connection,
    begin: &str,
    scopes: &[ScopeRef],
) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT s.key FROM unnest($1, $2) WITH ORDINALITY AS w (level, id, place) \
                       JOIN scopes s ON s.level = w.level AND s.id = w.id ORDER BY w.place";
    let (levels, ids) = parameters(scopes);
    let rows = connection.begin_with(begin, SQL, &[value(&levels), value(&ids)]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// The scope and those above it, narrowest first; `None` when it does not exist.
pub(super) async fn chain(
    connection: &Connection,
    scope: &ScopeRef,
) -> Result<Option<Vec<ScopeRef>>, StoreError> {
    const SQL: &str = "WITH RECURSIVE chain (parent, level, id, depth) AS (\
         SELECT parent, level, id, 0 FROM scopes WHERE level = $1 AND id = $2 \
         UNION ALL SELECT s.parent, s.level, s.id, c.depth + 1 FROM chain c JOIN scopes s ON s.key = c.parent) \
         SELECT level, id FROM chain ORDER BY depth";
    let level = code(level_code(scope.level));
    let rows = connection.rows(SQL, &[value(&level), value(&scope_uuid(scope))]).await?;
    let chain: Vec<ScopeRef> = rows.iter().map(|row| scope_from(row, 0)).collect::<Result<_, _>>()?;
    Ok((!chain.is_empty()).then_some(chain))
}
