//! Conflicts: two agents changed one entry at the same time, neither naming the version that it knew.

use super::{EntryKind, Id, ScopeRef};
use crate::codec::{Decode, Encode};

/// One of the two versions of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConflictSide {
    /// The id of the version, while it is kept.
    pub version_id: Option<Id>,
    /// Its number.
    pub version: u32,
    /// Which agent wrote it.
    pub by: Option<String>,
    /// When, while it is kept.
    pub at_ms: Option<i64>,
}

/// A conflict. Both versions stay in the history of the entry, whatever becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Conflict {
    /// Its id.
    pub id: Id,
    /// What the entry is.
    pub kind: EntryKind,
    /// The entry.
    pub entry_id: Id,
    /// Its name or title now.
    pub entry_name: String,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// The number of its version now.
    pub entry_version: u32,
    /// The version that came first.
    pub first: ConflictSide,
    /// The version that took its place.
    pub second: ConflictSide,
    /// When it happened.
    pub detected_at_ms: i64,
    /// When it was resolved.
    pub resolved_at_ms: Option<i64>,
    /// By which agent.
    pub resolved_by: Option<String>,
    /// How, in words.
    pub resolution: Option<String>,
}
