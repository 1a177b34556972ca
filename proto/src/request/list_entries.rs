//! List the entries of a scope.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, ScopeRef},
};

/// Lists entries of one kind: guidelines by priority, everything by latest change, then id.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListEntries {
    /// Of which kind.
    pub kind: EntryKind,
    /// Of which scope; `None` lists every scope.
    pub scope: Option<ScopeRef>,
    /// Whether the wider scopes are listed too; entries overridden by name are then left out.
    pub inherit: bool,
    /// Whether deactivated entries are listed too.
    pub include_inactive: bool,
    /// Only this category.
    pub category: Option<String>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}
