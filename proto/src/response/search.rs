//! Hits of a search.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, ScopeRef},
};

/// One hit.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Hit {
    /// The entry's id.
    pub id: Id,
    /// What it is.
    pub kind: EntryKind,
    /// Its name or title.
    pub name: String,
    /// The part of its text that matches best, at most 240 characters, on one line.
    pub snippet: String,
    /// Relevance: BM25 with the sign turned, so that higher is better; 0 without words.
    pub score: f64,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// Its category.
    pub category: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it last changed.
    pub updated_at_ms: i64,
    /// Which agent created it.
    pub created_by: Option<String>,
    /// Its version.
    pub version: u32,
    /// False for a deactivated entry.
    pub is_active: bool,
    /// A guideline's priority.
    pub priority: Option<u8>,
}

/// A page of hits, best first.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SearchPage {
    /// The hits.
    pub hits: Vec<Hit>,
    /// Give this back to get the next page; `None` when this was the last.
    pub next_cursor: Option<String>,
    /// The words that were looked up, as the index knows them (stemmed, without stop words).
    pub terms: Vec<String>,
    /// How many words of the query were left out because it had too many.
    pub ignored_terms: u32,
}
