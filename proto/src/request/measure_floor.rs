//! Measure a floor: a bare loop of the daemon's own SQL, to set a benchmark's figures against.

use super::Search;
use crate::{
    codec::{Decode, Encode},
    model::Id,
};

/// Which loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum FloorOperation {
    /// Get by id.
    SimpleRead,
    /// List the entries of a scope with inheritance.
    ScopedRead,
    /// The full-text query.
    Search,
    /// The queries of a context.
    Context,
    /// Writes, one transaction each.
    Write,
    /// Writes, `batch` to a transaction.
    GroupWrite,
    /// A file locked and unlocked: two writes, each in one transaction, on SQLite `batch` to one.
    Lock,
}

/// Runs the loop: on SQLite on one thread, on a copy of the store in the same directory, which is
/// removed; on PostgreSQL in several tasks over the daemon's pool, writing to a scratch project,
/// which is removed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct MeasureFloor {
    /// Which loop.
    pub operation: FloorOperation,
    /// The scratch project whose entries are read and written.
    pub project_id: Id,
    /// Rounds, at most 1,000,000.
    pub rounds: u32,
    /// How many requests the benchmark has under way at once: the writes of one transaction in a
    /// group write on SQLite, the tasks of any loop on PostgreSQL.
    pub batch: u32,
    /// The searches to run in turn, for `Search`.
    pub searches: Vec<Search>,
}
