//! Pages of entries and of their versions.

use crate::{
    codec::{Decode, Encode},
    model::{Entry, EntryKind, Id, Version},
};

/// A page of entries.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EntryPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Versions of one entry, newest first.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct History {
    /// Of which entry.
    pub entry_id: Id,
    /// Of which kind.
    pub kind: EntryKind,
    /// The versions.
    pub versions: Vec<Version>,
    /// Whether more follow.
    pub has_more: bool,
}
