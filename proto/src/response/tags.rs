//! Tags.

use super::Written;
use crate::{
    codec::{Decode, Encode},
    model::Tag,
};

/// A tag that is there now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TagCreated {
    /// The tag.
    pub tag: Tag,
    /// Whether it was there before.
    pub existed: bool,
}

/// A tag, and how much it is used.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListedTag {
    /// Its name.
    pub name: String,
    /// What is known of it; nothing when it was never created.
    pub tag: Option<Tag>,
    /// How many entries carry it, hidden ones among them.
    pub entries: u64,
}

/// A page of tags.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TagPage {
    /// The tags.
    pub tags: Vec<ListedTag>,
    /// Whether more follow.
    pub has_more: bool,
}

/// A tag was attached to an entry, or detached from it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EntryTagged {
    /// The entry as it is now.
    pub written: Written,
    /// The name of the tag.
    pub name: String,
    /// What is known of the tag.
    pub tag: Option<Tag>,
    /// Whether the entry carries it now.
    pub is_attached: bool,
    /// Whether that is new.
    pub changed: bool,
}
