//! What became of a permission, what an agent may do, and pages of permissions.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Permission, PermissionLevel, ScopeRef},
};

/// A permission that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PermissionChange {
    /// As it is now; as it was, when it was removed.
    pub permission: Permission,
    /// Whether it was removed, so that what is inherited counts.
    pub removed: bool,
}

/// Whether an agent may do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PermissionCheck {
    /// Which agent; `None` for whoever names none.
    pub agent_id: Option<String>,
    /// Where.
    pub scope: ScopeRef,
    /// With entries of which kind.
    pub kind: Option<EntryKind>,
    /// What was asked.
    pub asked: PermissionLevel,
    /// What it may do.
    pub level: PermissionLevel,
    /// What decided it; `None` when the daemon's mode did, or for the owner of the socket.
    pub decided_by: Option<Permission>,
}

/// A page of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PermissionPage {
    /// The permissions.
    pub permissions: Vec<Permission>,
    /// How many there are.
    pub total: u64,
    /// Whether more follow.
    pub has_more: bool,
}
