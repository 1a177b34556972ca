//! Scopes and the small integer keys that stand for them in every other table.

use agent_memory_proto::model::{Id, ScopeLevel, ScopeRef};
use rusqlite::{Connection, OptionalExtension};

use super::columns::{GLOBAL_KEY, level_code, scope_from, scope_id};
use crate::store::StoreError;

/// The key of a scope; `None` when it does not exist.
pub(super) fn find(connection: &Connection, scope: &ScopeRef) -> Result<Option<i64>, StoreError> {
    if scope.level == ScopeLevel::Global {
        return Ok(Some(GLOBAL_KEY));
    }
    let mut statement = connection.prepare_cached("SELECT key FROM scopes WHERE level = ?1 AND id = ?2")?;
    let found = statement.query_row((level_code(scope.level), scope_id(scope)), |row| row.get(0));
    Ok(found.optional()?)
}

/// The keys of those scopes that exist, in the same order.
pub(super) fn find_all(connection: &Connection, scopes: &[ScopeRef]) -> Result<Vec<i64>, StoreError> {
    scopes.iter().filter_map(|scope| find(connection, scope).transpose()).collect()
}

/// Adds a scope; `None` when the id is taken.
pub(super) fn insert(
    connection: &Connection,
    level: ScopeLevel,
    id: Id,
    parent: i64,
) -> Result<Option<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO scopes (level, id, parent) VALUES (?1, ?2, ?3)")?;
    super::error::unless_taken(statement.insert((level_code(level), id.0, parent)))
}

/// Moves a scope under another parent.
pub(super) fn set_parent(connection: &Connection, key: i64, parent: i64) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE scopes SET parent = ?2 WHERE key = ?1")?.execute((key, parent))?;
    Ok(())
}

/// The scope and those above it, narrowest first; `None` when it does not exist.
pub(super) fn chain(connection: &Connection, scope: &ScopeRef) -> Result<Option<Vec<ScopeRef>>, StoreError> {
    let Some(mut key) = find(connection, scope)? else { return Ok(None) };
    let mut chain = Vec::with_capacity(ScopeLevel::ALL.len());
    let mut statement = connection.prepare_cached("SELECT parent, level, id FROM scopes WHERE key = ?1")?;
    loop {
        let (parent, scope): (Option<i64>, ScopeRef) =
            statement.query_row([key], |row| Ok((row.get(0)?, scope_from(row, 1)?)))?;
        chain.push(scope);
        match parent {
            Some(parent) => key = parent,
            None => return Ok(Some(chain)),
        }
    }
}
