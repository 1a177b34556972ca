//! What became of a remembered text.

use super::Written;
use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// An entry that may say the same.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SimilarEntry {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: EntryKind,
    /// Its name or title.
    pub name: String,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// Share of terms in common (Jaccard), 0 to 1.
    pub similarity: f64,
}

/// The stored entry, and why it became what it is.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Remembered {
    /// The write. A text that is already there word for word is not stored again: the action is
    /// then `Updated` with the version unchanged, and `existed` is true.
    pub written: Written,
    /// Whether the same text was there already.
    pub existed: bool,
    /// Its category.
    pub category: Option<String>,
    /// Which rule decided the kind, in words.
    pub inferred_by: String,
    /// Entries that may say the same, best first, at most 3.
    pub similar: Vec<SimilarEntry>,
}
