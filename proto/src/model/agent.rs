//! Agents whose names are proved by a token.

use crate::codec::{Decode, Encode};

/// An agent that was registered: whoever has its token speaks for it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Agent {
    /// Its name.
    pub name: String,
    /// Which agent registered it; `None` for whoever owns the socket.
    pub created_by: Option<String>,
    /// When it got its token.
    pub created_at_ms: i64,
}
