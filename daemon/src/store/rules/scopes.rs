//! Scopes that writes name.

use agent_memory_proto::model::{Id, ScopeLevel, ScopeRef};

use super::{
    refusals::{no_scope, scope_id_taken},
    transaction::{NO_KEY, Step, WriteTransaction},
};

/// The key of a scope that must exist; `field` named it.
///
/// # Errors
/// `NotFound` that says how to create it.
pub(super) async fn require(rows: &impl WriteTransaction, scope: &ScopeRef, field: &str) -> Step<i64> {
    rows.scope_key(scope).await?.ok_or_else(|| no_scope(scope, field))
}

/// The key of a scope that must exist if one is named at all.
pub(super) async fn require_if_any(
    rows: &impl WriteTransaction,
    scope: Option<ScopeRef>,
    field: &str,
) -> Step<i64> {
    match scope {
        Some(scope) => require(rows, &scope, field).await,
        None => Ok(NO_KEY),
    }
}

/// Adds a scope.
///
/// # Errors
/// `AlreadyExists` when the id is taken.
pub(super) async fn create(
    rows: &impl WriteTransaction,
    level: ScopeLevel,
    id: Id,
    parent: i64,
) -> Step<i64> {
    rows.insert_scope(level, id, parent).await?.ok_or_else(|| scope_id_taken(level, id))
}
