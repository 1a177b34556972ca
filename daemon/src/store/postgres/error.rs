//! The one mapping from the driver's errors to those of the store.

use tokio_postgres::{Error, error::SqlState};

use crate::store::StoreError;

/// When a failure happened: what may have been stored depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum During {
    /// A read, or a statement of a transaction that is not committed with it: nothing was stored.
    Work,
    /// The commit was under way: nobody knows.
    Commit,
}

/// What a failure means to the caller. An error that the server reports undid the transaction; only
/// a connection that broke during the commit leaves it open.
pub(super) fn of_driver(error: &Error, during: During) -> StoreError {
    match error.as_db_error() {
        Some(refusal) => {
            let text = format!("{} (SQLSTATE {})", refusal.message(), refusal.code().code());
            of_state(refusal.code(), text)
        }
        None if during == During::Commit => StoreError::Unsettled(format!(
            "the connection broke while a write was committed: {}",
            chain(error)
        )),
        None => StoreError::Unavailable(chain(error)),
    }
}

fn of_state(state: &SqlState, text: String) -> StoreError {
    const SERIALIZATION: [&SqlState; 5] = [
        &SqlState::T_R_SERIALIZATION_FAILURE,
        &SqlState::T_R_DEADLOCK_DETECTED,
        &SqlState::LOCK_NOT_AVAILABLE,
        // What the rules checked was changed by another writer before it was stored.
        &SqlState::UNIQUE_VIOLATION,
        &SqlState::FOREIGN_KEY_VIOLATION,
    ];
    if SERIALIZATION.contains(&state) {
        return StoreError::Contended(text);
    }
    if *state == SqlState::QUERY_CANCELED {
        return StoreError::DeadlineExceeded;
    }
    if *state == SqlState::DISK_FULL {
        return StoreError::DiskFull(text);
    }
    if *state == SqlState::READ_ONLY_SQL_TRANSACTION || *state == SqlState::INSUFFICIENT_PRIVILEGE {
        return StoreError::ReadOnly(text);
    }
    match state.code().get(..2) {
        // Connection, authorisation, resources, intervention of an operator.
        Some("08" | "28" | "3D" | "53" | "57") => StoreError::Unavailable(text),
        Some("XX") => StoreError::Corrupt(text),
        _ => StoreError::Other(text),
    }
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}
