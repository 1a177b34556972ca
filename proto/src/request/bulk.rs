//! Bulk requests: up to 100 items, applied all or none, in order.

use super::{AddEntry, UpdateEntry};
use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id},
};

/// Adds entries of any kind.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BulkAddEntries {
    /// 1 to 100 entries. The first refused one refuses all, and the error names its position.
    pub entries: Vec<AddEntry>,
}

/// Updates entries of any kind.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BulkUpdateEntries {
    /// 1 to 100 updates.
    pub updates: Vec<UpdateEntry>,
}

/// Removes entries of one kind for good.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BulkDeleteEntries {
    /// Of which kind.
    pub kind: EntryKind,
    /// 1 to 100 ids.
    pub ids: Vec<Id>,
}
