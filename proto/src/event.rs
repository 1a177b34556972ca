//! What the daemon pushes to clients that subscribed.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChangeAction {
    /// It is new.
    Added,
    /// It has a new version.
    Updated,
    /// It was hidden.
    Deactivated,
    /// It was removed for good.
    Deleted,
}

/// A pushed event. Append only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// An entry changed, and the change is durable.
    EntryChanged {
        /// Which entry.
        entry_id: Id,
        /// What it is.
        kind: EntryKind,
        /// Where it belongs.
        scope: ScopeRef,
        /// What happened.
        action: ChangeAction,
        /// Its version after that; the last one for a deleted entry.
        version: u32,
        /// Which agent did it.
        changed_by: Option<String>,
    },
    /// The daemon is stopping: finish, and connect again after the given time.
    ShuttingDown {
        /// How long to wait before connecting again, in milliseconds.
        retry_after_ms: u64,
    },
    /// The subscriber was too slow, and this many events were dropped before this one.
    Lagged {
        /// How many were dropped.
        missed: u64,
    },
}
