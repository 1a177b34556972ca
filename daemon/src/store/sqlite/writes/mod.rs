//! Writes: the rows that the rules of writing ask for. All of it runs within the savepoint of the
//! writer, alone, so nothing has to be locked and no step waits.

mod agent_rows;
mod entry_rows;
mod moving;
mod scope_rows;
mod transaction;

use futures_util::FutureExt;
use rusqlite::Connection;

pub(super) use self::agent_rows::agent_from_row;
use self::transaction::SqliteTransaction;
use crate::{
    store::{StoreError, WriteOutcome, WriteRequest, rules},
    text::entry::IndexedEntry,
};

/// Applies one write, once if it has a key; `texts` are the words of its new entries.
///
/// # Errors
/// `Refused` with the cause, or what SQLite says.
pub(super) fn apply_once(
    connection: &Connection,
    request: &WriteRequest,
    texts: &[IndexedEntry],
) -> Result<WriteOutcome, StoreError> {
    let rows = SqliteTransaction { connection };
    rules::apply(&rows, request, texts).now_or_never().expect("no step waits for anything")
}
