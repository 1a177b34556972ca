//! Update an entry.

use crate::{
    codec::{Decode, Encode},
    model::{BodyPatch, Id, Json},
};

/// Changes to an entry: what is `None` stays as it is; `Some(None)` clears.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
pub struct EntryPatch {
    /// New name or title.
    pub name: Option<String>,
    /// New category.
    pub category: Option<Option<String>>,
    /// New tags, in place of all the old ones.
    pub tags: Option<Vec<String>>,
    /// New metadata.
    pub metadata: Option<Option<Json>>,
    /// Changes to what it says; decides the kind.
    pub body: BodyPatch,
    /// Which agent; the envelope's agent when not given.
    pub updated_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// Writes a new version of one entry.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct UpdateEntry {
    /// Which entry. It must be of the patch's kind.
    pub id: Id,
    /// Refuse with `Conflict` unless this is the current version. Without it, two agents within
    /// the conflict window (5 s) both succeed and a conflict is recorded.
    pub expected_version: Option<u32>,
    /// The changes.
    pub patch: EntryPatch,
}
