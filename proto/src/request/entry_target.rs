//! Requests that name one entry: get, history, deactivate, delete.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// Names one entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum EntrySelector {
    /// By id.
    Id(Id),
    /// By name in a scope.
    Name {
        /// The name or title, exactly.
        name: String,
        /// Where to look.
        scope: ScopeRef,
        /// Whether to look in the wider scopes too; the narrowest match wins.
        inherit: bool,
    },
}

/// Reads one entry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetEntry {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which one.
    pub selector: EntrySelector,
    /// Whether a deactivated entry is answered too. By id it always is.
    pub include_inactive: bool,
}

/// Lists the versions of one entry, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryHistory {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
}

/// Hides one entry; its name stays taken and its history stays readable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeactivateEntry {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
    /// Which agent; the envelope's agent when not given.
    pub updated_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// Removes one entry and its history for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeleteEntry {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
}
