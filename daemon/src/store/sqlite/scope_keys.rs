//! Scopes and the small integer keys that stand for them in every other table.

use agent_memory_proto::{
    ErrorBody,
    model::{Id, ScopeLevel, ScopeRef},
};
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

/// The key of a scope that must exist.
///
/// # Errors
/// `NotFound` that says how to create it.
pub(super) fn require(connection: &Connection, scope: &ScopeRef) -> Result<i64, StoreError> {
    find(connection, scope)?.ok_or_else(|| StoreError::refused(no_such_scope(scope)))
}

/// As [`require`], for something other than an entry's scope: `field` is named in the error.
pub(super) fn require_as(connection: &Connection, scope: &ScopeRef, field: &str) -> Result<i64, StoreError> {
    find(connection, scope)?
        .ok_or_else(|| StoreError::refused(no_such_scope(scope).with_field(field.to_owned())))
}

fn no_such_scope(scope: &ScopeRef) -> ErrorBody {
    let id = scope.id.map(|id| id.to_string()).unwrap_or_default();
    let how = match scope.level {
        ScopeLevel::Global => "The global scope is always there",
        ScopeLevel::Org => "Create the organisation first, or list those that exist",
        ScopeLevel::Project => "Create the project first, or list those that exist",
        ScopeLevel::Session => "Start the session first, or list those that exist",
    };
    ErrorBody::not_found(scope.level.name(), id).with_field("scopeId").with_suggestion(how)
}

/// Adds a scope. Refused when the id is taken.
pub(super) fn create(
    connection: &Connection,
    level: ScopeLevel,
    id: Id,
    parent: i64,
) -> Result<i64, StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO scopes (level, id, parent) VALUES (?1, ?2, ?3)")?;
    match statement.insert((level_code(level), id.0, parent)) {
        Ok(key) => Ok(key),
        Err(error) if super::error::is_unique_violation(&error) => Err(StoreError::refused(
            ErrorBody::new(
                agent_memory_proto::ErrorCode::AlreadyExists,
                format!("the id {id} is taken by another {}", noun(level)),
            )
            .with_field("id")
            .with_value(id)
            .with_suggestion("Leave the id out, and a new one is made"),
        )),
        Err(error) => Err(error.into()),
    }
}

const fn noun(level: ScopeLevel) -> &'static str {
    match level {
        ScopeLevel::Global => "scope",
        ScopeLevel::Org => "organisation",
        ScopeLevel::Project => "project",
        ScopeLevel::Session => "session",
    }
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
