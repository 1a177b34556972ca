//! What the daemon pushes to clients that subscribed.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef, TaskStatus},
    response::TaskAction,
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

impl ChangeAction {
    /// The public name, as `added`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
        }
    }
}

/// How a circuit breaker stands. Append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum BreakerState {
    /// The service is used.
    Closed,
    /// It failed too often: it is left alone, and what needs it is refused at once.
    Open,
    /// A few requests are let through to see whether it is back.
    HalfOpen,
}

impl BreakerState {
    /// The public name, as `halfOpen`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "halfOpen",
        }
    }
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
    /// The circuit breaker of a service that the daemon needs changed. Since protocol version 2.
    BreakerChanged {
        /// The service, as `postgresql`.
        service: String,
        /// How the breaker stands now.
        state: BreakerState,
        /// When the service will be tried again, in milliseconds; for an open breaker.
        retry_after_ms: Option<u64>,
    },
    /// Changes made through other daemons may not have been told: what the subscriber remembers may
    /// be stale. Since protocol version 2.
    ChangesMissed {
        /// Why, in words.
        reason: String,
    },
    /// A task changed, and the change is durable. Since protocol version 4.
    TaskChanged {
        /// Which task.
        task_id: Id,
        /// Where it belongs.
        scope: ScopeRef,
        /// What happened.
        action: TaskAction,
        /// How it stands.
        status: TaskStatus,
        /// Who has it.
        assignee: Option<String>,
        /// Its version after that; the last one for a deleted task.
        version: u32,
        /// Which agent did it.
        changed_by: Option<String>,
    },
}

impl Event {
    /// The first protocol version that knows the event; older peers are not sent it.
    #[must_use]
    pub const fn protocol(&self) -> u16 {
        match self {
            Self::EntryChanged { .. } | Self::ShuttingDown { .. } | Self::Lagged { .. } => 1,
            Self::BreakerChanged { .. } | Self::ChangesMissed { .. } => 2,
            Self::TaskChanged { .. } => 4,
        }
    }
}
