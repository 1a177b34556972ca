//! The daemons that serve one store.

use super::BreakerHealth;
use crate::{
    codec::{Decode, Encode},
    model::Id,
};

/// What a daemon tells of its work.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct DaemonLoad {
    /// Connections of clients.
    pub connections: u32,
    /// Requests since its start.
    pub requests: u64,
    /// Requests in a second, measured over the last few.
    pub requests_per_s: f64,
    /// From the sending of a heartbeat through Redis to its coming back, in microseconds; `None` when none
    /// comes back, or without Redis.
    pub event_lag_us: Option<u64>,
    /// Why it does not hear of the other daemons' changes, so that it uses no cache; `None` while it does.
    pub deaf: Option<String>,
    /// How often anything changed that it knows of, since its start: each time its caches went on to the next
    /// generation.
    pub generation: u64,
    /// Its circuit breakers.
    pub breakers: Vec<BreakerHealth>,
}

/// One run of a daemon.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ClusterDaemon {
    /// Names this run.
    pub id: Id,
    /// The name of its machine.
    pub host: String,
    /// Its data directory.
    pub data_dir: String,
    /// Its process id.
    pub process_id: u32,
    /// Its build.
    pub build: String,
    /// Protocol versions it speaks.
    pub protocol: (u16, u16),
    /// When it started, by the clock of the store.
    pub started_at_ms: i64,
    /// How long it had been running when it said last that it is there.
    pub uptime_ms: u64,
    /// How long ago it said so.
    pub seen_ms_ago: u64,
    /// Whether that is so long ago that nobody waits for it any more: it was killed, or cannot reach the store.
    pub is_stale: bool,
    /// What it told of its work then.
    pub load: DaemonLoad,
}

/// The daemons of a store.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ClusterStatus {
    /// The one that answers.
    pub answered_by: Id,
    /// All of them, by host and data directory; the one that answers, too.
    pub daemons: Vec<ClusterDaemon>,
    /// Whether there are more than are listed.
    pub has_more: bool,
}
