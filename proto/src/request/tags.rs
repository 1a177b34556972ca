//! Tags: create, list, attach, detach, those of an entry.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, TagCategory},
};

/// Creates a tag. One of that name is answered as it is; a custom tag without a description takes what is
/// given here.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CreateTag {
    /// Its name.
    pub name: String,
    /// What it is about; custom when not given.
    pub category: Option<TagCategory>,
    /// What it means.
    pub description: Option<String>,
    /// Whether it is one of a fixed set.
    pub is_predefined: bool,
}

/// Lists tags by name: those that were created, and those that entries carry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListTags {
    /// Only of this category. What was never created is custom.
    pub category: Option<TagCategory>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Names a tag.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TagSelector {
    /// By id.
    Id(Id),
    /// By name.
    Name(String),
}

/// A tag of an entry, to be attached or detached. Either is a new version of the entry, as any change of its tags
/// is; what is so already stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryTag {
    /// Of which kind the entry is.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
    /// Which tag. One that is attached by a name that no tag has is created as a custom one.
    pub tag: TagSelector,
    /// Which agent; the envelope's agent when not given.
    pub updated_by: Option<String>,
}

/// Lists the tags of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TagsOfEntry {
    /// Of which kind.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
}
