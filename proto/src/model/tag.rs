//! Tags: words that entries are filed under, and what is known of them.

use super::{Id, words};
use crate::codec::{Decode, Encode};

words! {
    /// What a tag is about. Append only.
    TagCategory {
        /// A programming language.
        Language = "language",
        /// A field, as `frontend`.
        Domain = "domain",
        /// A sort of entry, as `convention`.
        Category = "category",
        /// Something about the entry, as `deprecated`.
        Meta = "meta",
        /// Anything else.
        Custom = "custom",
    }
}

/// A tag that was created, or attached to an entry by its name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Tag {
    /// Its id.
    pub id: Id,
    /// Its name, as entries carry it; unique.
    pub name: String,
    /// What it is about.
    pub category: TagCategory,
    /// What it means.
    pub description: Option<String>,
    /// Whether whoever created it says that it is one of a fixed set.
    pub is_predefined: bool,
    /// When it was created.
    pub created_at_ms: i64,
}
