//! What a write of an entry did. Bodies are not sent back: the writer has them.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum WriteAction {
    /// A new entry.
    Added,
    /// A new version.
    Updated,
    /// Hidden.
    Deactivated,
    /// Removed for good.
    Deleted,
}

/// One durable write.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Written {
    /// What was done.
    pub action: WriteAction,
    /// To which entry.
    pub id: Id,
    /// Of which kind.
    pub kind: EntryKind,
    /// In which scope.
    pub scope: ScopeRef,
    /// Its name or title.
    pub name: String,
    /// Its version after that; the last one for a deleted entry.
    pub version: u32,
    /// When.
    pub at_ms: i64,
    /// Whether another agent had changed it within the conflict window.
    pub conflict: bool,
}
