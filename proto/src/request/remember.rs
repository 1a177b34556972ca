//! Remember: plain text in, stored as the kind of entry it looks like.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, ScopeRef},
};

/// Stores plain text. The kind, name and category are inferred by rules.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Remember {
    /// What to remember, 1 to 100,000 characters.
    pub text: String,
    /// Where it goes.
    pub scope: ScopeRef,
    /// The kind, instead of the inferred one.
    pub force_kind: Option<EntryKind>,
    /// The priority, if it becomes a guideline; 50 when not given.
    pub priority: Option<u8>,
    /// Its tags.
    pub tags: Vec<String>,
}
