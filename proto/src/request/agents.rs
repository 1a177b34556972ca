//! Who is who: prove a name; register agents, list them, and take their tokens back.

use std::fmt;

use crate::codec::{Decode, Encode};

/// Proves with its token which agent is at the other end, for the rest of the connection: the first request
/// after the handshake. What is sent before its answer came may be taken for the request of nobody.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Authenticate {
    /// The token.
    pub token: String,
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticate { token: \"(secret)\" }")
    }
}

/// Registers an agent and makes its token. One that it had before is worthless from then on.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RegisterAgent {
    /// The agent's name.
    pub name: String,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

/// Forgets an agent: its token is worthless from then on.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RevokeAgent {
    /// The agent's name.
    pub name: String,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

/// Lists the agents that were registered, by name.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct ListAgents {
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// What is shown of a key.
fn shown(key: Option<&String>) -> Option<&'static str> {
    key.map(|_| "(secret)")
}

impl fmt::Debug for RegisterAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = shown(self.admin_key.as_ref());
        f.debug_struct("RegisterAgent").field("name", &self.name).field("admin_key", &key).finish()
    }
}

impl fmt::Debug for RevokeAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = shown(self.admin_key.as_ref());
        f.debug_struct("RevokeAgent").field("name", &self.name).field("admin_key", &key).finish()
    }
}

impl fmt::Debug for ListAgents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListAgents")
            .field("admin_key", &shown(self.admin_key.as_ref()))
            .field("limit", &self.limit)
            .field("offset", &self.offset)
            .finish()
    }
}
