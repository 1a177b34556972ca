//! Permissions: grant, revoke, check, list.

use std::fmt;

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, PermissionLevel, ScopeRef},
};

/// Says what an agent may do in a scope, in the place of what was said before.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct GrantPermission {
    /// Which agent; `*` for everyone.
    pub agent_id: String,
    /// Where, and in the scopes below.
    pub scope: ScopeRef,
    /// Entries of which kind; `None` for all.
    pub kind: Option<EntryKind>,
    /// What it may do.
    pub level: PermissionLevel,
    /// Who says so; the envelope's agent when not given.
    pub created_by: Option<String>,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

impl fmt::Debug for GrantPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantPermission")
            .field("agent_id", &self.agent_id)
            .field("scope", &self.scope)
            .field("kind", &self.kind)
            .field("level", &self.level)
            .field("created_by", &self.created_by)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}

/// What is taken away.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PermissionTarget {
    /// What was said under this id: from then on what is inherited counts.
    Id(Id),
    /// A level: the agent has the one just below it from then on, none when reading is taken away.
    Level {
        /// Which agent; `*` for everyone.
        agent_id: String,
        /// Where, and in the scopes below.
        scope: ScopeRef,
        /// Entries of which kind; `None` for all.
        kind: Option<EntryKind>,
        /// The level that is taken away.
        level: PermissionLevel,
    },
}

/// Takes away what an agent may do in a scope.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RevokePermission {
    /// What.
    pub target: PermissionTarget,
    /// Who says so; the envelope's agent when not given.
    pub created_by: Option<String>,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

impl fmt::Debug for RevokePermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevokePermission")
            .field("target", &self.target)
            .field("created_by", &self.created_by)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}

/// Asks whether an agent may do something.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CheckPermission {
    /// Which agent; the envelope's agent when not given.
    pub agent_id: Option<String>,
    /// Where.
    pub scope: ScopeRef,
    /// With entries of which kind; `None` for what is no entry.
    pub kind: Option<EntryKind>,
    /// What.
    pub level: PermissionLevel,
}

/// Lists what was said, by agent, scope and kind: of the agent that asks, of everyone, and of the scopes
/// that it is admin of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListPermissions {
    /// Only of this agent.
    pub agent_id: Option<String>,
    /// Only of this scope.
    pub scope: Option<ScopeRef>,
    /// Only of this kind.
    pub kind: Option<EntryKind>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}
