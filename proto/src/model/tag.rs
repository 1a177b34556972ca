//! Tags: words that entries are filed under, and what is known of them.

use std::{fmt, str::FromStr};

use super::Id;
use crate::codec::{Decode, Encode};

/// What a tag is about. Append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TagCategory {
    /// A programming language.
    Language,
    /// A field, as `frontend`.
    Domain,
    /// A sort of entry, as `convention`.
    Category,
    /// Something about the entry, as `deprecated`.
    Meta,
    /// Anything else.
    Custom,
}

impl TagCategory {
    /// Every category.
    pub const ALL: [Self; 5] = [Self::Language, Self::Domain, Self::Category, Self::Meta, Self::Custom];

    /// The public name, as `language`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Domain => "domain",
            Self::Category => "category",
            Self::Meta => "meta",
            Self::Custom => "custom",
        }
    }
}

impl fmt::Display for TagCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TagCategory {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|category| category.name() == text).ok_or(())
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
