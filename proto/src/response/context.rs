//! The memory of a scope under a token budget.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// One entry of a context.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ContextEntry {
    /// The entry's id.
    pub id: Id,
    /// What it is.
    pub kind: EntryKind,
    /// Its name or title.
    pub name: String,
    /// Its text, cut when `is_cut`.
    pub text: String,
    /// Whether the text was cut to fit.
    pub is_cut: bool,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// A guideline's priority.
    pub priority: Option<u8>,
    /// Its category.
    pub category: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it last changed.
    pub updated_at_ms: i64,
    /// Which agent created it.
    pub created_by: Option<String>,
}

/// How many entries of a kind did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct OmittedEntries {
    /// Of which kind.
    pub kind: EntryKind,
    /// How many.
    pub count: u64,
}

/// The memory of a scope.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Context {
    /// Of which scope.
    pub scope: ScopeRef,
    /// The entries, most important first.
    pub entries: Vec<ContextEntry>,
    /// Tokens used, estimated as a quarter of the bytes.
    pub used_tokens: u32,
    /// Tokens allowed.
    pub budget_tokens: u32,
    /// What was left out, by kind; search finds it.
    pub omitted: Vec<OmittedEntries>,
}
