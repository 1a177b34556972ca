//! Conflicts: list, get, resolve.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id},
};

/// Lists conflicts, latest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListConflicts {
    /// Only of entries of this kind.
    pub kind: Option<EntryKind>,
    /// Only those that are resolved, or that are not.
    pub resolved: Option<bool>,
    /// Only of this entry.
    pub entry_id: Option<Id>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Reads a conflict with both versions.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetConflict {
    /// Which conflict.
    pub id: Id,
}

/// What the entry is to say from now on. Append only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ConflictPick {
    /// What it says now: no version is written.
    Current,
    /// What the first version said.
    First,
    /// What the second version said.
    Second,
    /// This content (a tool: this description), and everything else as it is.
    Merged(String),
}

/// Resolves a conflict, once. A pick is a version of its own, with the resolution as its reason. It is refused when
/// the entry was changed after the conflict, unless `expected_version` names the version that it has now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ResolveConflict {
    /// Which conflict.
    pub id: Id,
    /// How it was resolved, in words.
    pub resolution: String,
    /// What the entry is to say.
    pub pick: ConflictPick,
    /// Refuse unless this is the current version of the entry.
    pub expected_version: Option<u32>,
    /// By which agent; the envelope's when not given.
    pub resolved_by: Option<String>,
}
