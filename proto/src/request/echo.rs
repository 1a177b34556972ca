//! Echo: the floor that every other request is measured against.

use crate::codec::{Decode, Encode};

/// Asks for `reply_bytes` bytes (at most 1 MiB) in return.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Echo {
    /// Sent along and ignored.
    pub payload: Vec<u8>,
    /// Bytes of the answer.
    pub reply_bytes: u32,
}
