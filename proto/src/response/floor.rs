//! What a bare loop reached.

use crate::codec::{Decode, Encode};

/// Rounds and the time they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Floor {
    /// Rounds done.
    pub rounds: u32,
    /// Time for all of them, in microseconds.
    pub elapsed_us: u64,
    /// Median of one round, in nanoseconds.
    pub p50_ns: u64,
    /// 99th percentile of one round, in nanoseconds.
    pub p99_ns: u64,
}
