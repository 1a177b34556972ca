//! Who is at the other end, a new token, and pages of agents.

use std::fmt;

use crate::{
    codec::{Decode, Encode},
    model::Agent,
};

/// A name is proved.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Authenticated {
    /// Which agent it is.
    pub agent_id: String,
}

/// An agent that was registered. Its token is told here and nowhere else: only its hash is kept.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct AgentRegistered {
    /// The agent.
    pub agent: Agent,
    /// Its token.
    pub token: String,
    /// Whether it had one before, which is worthless now.
    pub replaced: bool,
}

impl fmt::Debug for AgentRegistered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentRegistered")
            .field("agent", &self.agent)
            .field("token", &"(secret)")
            .field("replaced", &self.replaced)
            .finish()
    }
}

/// A page of agents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AgentPage {
    /// The agents.
    pub agents: Vec<Agent>,
    /// How many there are.
    pub total: u64,
    /// Whether more follow.
    pub has_more: bool,
    /// Whether the daemon takes a name only with its token (`AGENT_MEMORY_AGENT_AUTH=token`).
    pub names_are_proved: bool,
    /// Wrong tokens and admin keys that this daemon was given since its start.
    pub wrong_credentials: u64,
}
