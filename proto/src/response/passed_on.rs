//! Answers that are passed on as they came: looked at in place, whether they are whole, without a copy of
//! their texts. What is accepted here is what [`super::Response`] decodes; a test compares the two.

use crate::{
    codec::{self, Decode},
    model::{EntryKind, Id, ScopeRef},
};

/// Which answer some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOn {
    /// [`super::Response::Entries`].
    Entries,
    /// [`super::Response::SearchPage`].
    SearchPage,
    /// [`super::Response::Context`].
    Context,
}

impl PassedOn {
    /// The answer that these bytes are, from the first to the last; `None` when they are none of those
    /// that can be passed on.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(match codec::decode_in_place::<Answer<'_>>(bytes)? {
            Answer::Entries { .. } => Self::Entries,
            Answer::SearchPage { .. } => Self::SearchPage,
            Answer::Context { .. } => Self::Context,
        })
    }
}

/// The variants of the response, under its numbers.
#[derive(PartialEq, Decode)]
enum Answer<'a> {
    #[wincode(tag = 8)]
    Entries { entries: Vec<Entry<'a>>, has_more: bool },
    #[wincode(tag = 16)]
    SearchPage { hits: Vec<Hit<'a>>, next_cursor: Option<&'a str>, terms: Vec<&'a str>, ignored_terms: u32 },
    #[wincode(tag = 17)]
    Context {
        scope: ScopeRef,
        entries: Vec<ContextEntry<'a>>,
        used_tokens: u32,
        budget_tokens: u32,
        omitted: Vec<super::OmittedEntries>,
    },
}

#[derive(PartialEq, Decode)]
struct Entry<'a> {
    id: Id,
    scope: ScopeRef,
    name: &'a str,
    category: Option<&'a str>,
    tags: Vec<&'a str>,
    metadata: Option<&'a str>,
    is_active: bool,
    created_at_ms: i64,
    created_by: Option<&'a str>,
    updated_at_ms: i64,
    updated_by: Option<&'a str>,
    version: Version<'a>,
}

#[derive(PartialEq, Decode)]
struct Version<'a> {
    id: Id,
    number: u32,
    body: EntryBody<'a>,
    created_at_ms: i64,
    created_by: Option<&'a str>,
    change_reason: Option<&'a str>,
    conflict: bool,
}

#[derive(PartialEq, Decode)]
enum EntryBody<'a> {
    Guideline {
        content: &'a str,
        priority: u8,
        rationale: Option<&'a str>,
        examples: Option<&'a str>,
        verification_rules: Option<&'a str>,
    },
    Knowledge {
        content: &'a str,
        confidence: f64,
        source: Option<&'a str>,
        valid_from_ms: Option<i64>,
        valid_until_ms: Option<i64>,
        invalidated_by: Option<Id>,
    },
    Tool {
        description: &'a str,
        parameters: Option<&'a str>,
        examples: Option<&'a str>,
        constraints: Option<&'a str>,
    },
}

#[derive(PartialEq, Decode)]
struct Hit<'a> {
    id: Id,
    kind: EntryKind,
    name: &'a str,
    snippet: &'a str,
    score: f64,
    scope: ScopeRef,
    category: Option<&'a str>,
    tags: Vec<&'a str>,
    updated_at_ms: i64,
    created_by: Option<&'a str>,
    version: u32,
    is_active: bool,
    priority: Option<u8>,
}

#[derive(PartialEq, Decode)]
struct ContextEntry<'a> {
    id: Id,
    kind: EntryKind,
    name: &'a str,
    text: &'a str,
    is_cut: bool,
    scope: ScopeRef,
    priority: Option<u8>,
    category: Option<&'a str>,
    tags: Vec<&'a str>,
    updated_at_ms: i64,
    created_by: Option<&'a str>,
}
