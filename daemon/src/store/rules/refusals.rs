//! The refusals of writes, in words that are the same for every backend.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Entry, EntryKind, Id, ScopeLevel, ScopeRef},
};

use super::transaction::{Step, WriteTransaction};
use crate::store::StoreError;

/// An entry that must exist does not; `field` named it.
pub(super) fn no_entry(kind: EntryKind, id: Id, field: &str) -> StoreError {
    StoreError::refused(
        ErrorBody::not_found(kind.name(), id)
            .with_field(field)
            .with_suggestion("Search or list to find the id"),
    )
}

/// Refuses a change that was made for another version than there is; `what` is a noun.
///
/// # Errors
/// `Conflict` that names both versions.
pub(super) fn check_version(
    what: &str,
    id: Id,
    actual: u32,
    expected: Option<u32>,
) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != actual => Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::Conflict,
                format!("{id} is at version {actual}, not at the expected version {expected}"),
            )
            .with_field("expectedVersion")
            .with_value(expected)
            .with_allowed(actual.to_string())
            .with_suggestion(format!(
                "Read the {what} again, merge your change, and update with its version"
            )),
        )),
        _ => Ok(()),
    }
}

/// Refuses knowledge that would end before it begins.
///
/// # Errors
/// `InvalidParameter` that names the end.
pub(crate) fn check_validity(from_ms: Option<i64>, until_ms: Option<i64>) -> Result<(), ErrorBody> {
    match (from_ms, until_ms) {
        (Some(from_ms), Some(until_ms)) if until_ms <= from_ms => {
            Err(ErrorBody::invalid("validUntil", until_ms, format!("a time after validFrom ({from_ms})")))
        }
        _ => Ok(()),
    }
}

/// A scope that must exist does not; `field` named it.
pub(in crate::store) fn no_scope(scope: &ScopeRef, field: &str) -> StoreError {
    let id = scope.id.map(|id| id.to_string()).unwrap_or_default();
    let how = match scope.level {
        ScopeLevel::Global => "The global scope is always there",
        ScopeLevel::Org => "Create the organisation first, or list those that exist",
        ScopeLevel::Project => "Create the project first, or list those that exist",
        ScopeLevel::Session => "Start the session first, or list those that exist",
    };
    StoreError::refused(ErrorBody::not_found(scope.level.name(), id).with_field(field).with_suggestion(how))
}

/// Another scope has the id.
pub(super) fn scope_id_taken(level: ScopeLevel, id: Id) -> StoreError {
    let noun = match level {
        ScopeLevel::Global => "scope",
        ScopeLevel::Org => "organisation",
        ScopeLevel::Project => "project",
        ScopeLevel::Session => "session",
    };
    StoreError::refused(
        ErrorBody::new(ErrorCode::AlreadyExists, format!("the id {id} is taken by another {noun}"))
            .with_field("id")
            .with_value(id)
            .with_suggestion("Leave the id out, and a new one is made"),
    )
}

/// Says what stands in the way of an entry: one of the same name, or of the same id.
pub(super) async fn entry_taken(
    rows: &impl WriteTransaction,
    scope_key: i64,
    entry: &Entry,
) -> Step<StoreError> {
    let kind = entry.kind();
    let holder = rows.entry_named(scope_key, kind, &entry.name).await?;
    let body = match holder.filter(|holder| holder.id != entry.id) {
        Some(holder) => {
            let (id, field) = (holder.id, kind.name_field());
            let state = if holder.is_active { "" } else { " (deactivated; its name stays taken)" };
            ErrorBody::new(
                ErrorCode::AlreadyExists,
                format!("{} has a {kind} with this {field} already: {id}{state}", entry.scope),
            )
            .with_field(field)
            .with_value(&entry.name)
            .with_suggestion(format!("Update {id} instead, or choose another {field}"))
        }
        None => id_taken("an entry", entry.id),
    };
    Ok(StoreError::refused(body))
}

/// There is something of that id already; `what` is a noun with its article.
pub(super) fn id_taken(what: &str, id: Id) -> ErrorBody {
    ErrorBody::new(ErrorCode::AlreadyExists, format!("there is {what} with the id {id} already"))
        .with_field("id")
        .with_value(id)
        .with_suggestion("Leave the id out, and a new one is made")
}

/// Names the position of an item in a bulk request, as `entries[3].name`.
pub(super) fn at_position(error: StoreError, bulk: bool, list: &str, position: usize) -> StoreError {
    match error {
        StoreError::Refused(mut body) if bulk => {
            let field = body.field.map_or_else(String::new, |field| format!(".{field}"));
            body.field = Some(format!("{list}[{position}]{field}"));
            StoreError::Refused(body)
        }
        other => other,
    }
}
