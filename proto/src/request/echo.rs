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

/// Asks for the bytes that Redis has under `<prefix>floor:<name>`, fetched and sent on as they are: the
/// floor of what daemons leave for each other there. Who measures puts them there; no daemon does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EchoStored {
    /// 1 to 64 letters, digits and `-`.
    pub name: String,
}
