//! Full-text search.

use crate::{
    codec::{Decode, Encode},
    limits::PAGE_ROWS_DEFAULT,
    model::{EntryKind, ScopeRef},
};

/// Which tags an entry must, may and must not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct TagFilter {
    /// At least one of these, when any is given.
    pub include: Vec<String>,
    /// All of these.
    pub require: Vec<String>,
    /// None of these.
    pub exclude: Vec<String>,
}

/// Searches guidelines, knowledge and tools. Any text is a valid query: words are joined by OR,
/// "quoted text" is a phrase, and `word*` is a prefix. Without any word, what passes the filters
/// is answered, latest change first.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Search {
    /// The words.
    pub query: String,
    /// Only these kinds; empty means all.
    pub kinds: Vec<EntryKind>,
    /// Where to look; `None` looks everywhere.
    pub scope: Option<ScopeRef>,
    /// Whether to look in the wider scopes too.
    pub inherit: bool,
    /// Tags.
    pub tags: TagFilter,
    /// Only this category.
    pub category: Option<String>,
    /// Only guidelines of at least this priority (other kinds have none and pass).
    pub priority_min: Option<u8>,
    /// Only guidelines of at most this priority.
    pub priority_max: Option<u8>,
    /// Created at or after.
    pub created_after_ms: Option<i64>,
    /// Created before.
    pub created_before_ms: Option<i64>,
    /// Updated at or after.
    pub updated_after_ms: Option<i64>,
    /// Updated before.
    pub updated_before_ms: Option<i64>,
    /// Knowledge that was valid at this time (instead of now).
    pub at_time_ms: Option<i64>,
    /// Knowledge that was valid at some time between these two.
    pub valid_during_ms: Option<(i64, i64)>,
    /// Whether deactivated, overridden, expired and invalidated entries are answered too.
    pub include_inactive: bool,
    /// Only what this agent created.
    pub created_by: Option<String>,
    /// At most this many hits, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000. Not together with a cursor.
    pub offset: u32,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

impl Search {
    /// A search for words with no filter: everywhere unless a scope is given, with inheritance, the
    /// first page.
    #[must_use]
    pub fn new(query: impl Into<String>, scope: Option<ScopeRef>) -> Self {
        Self {
            query: query.into(),
            kinds: Vec::new(),
            scope,
            inherit: true,
            tags: TagFilter::default(),
            category: None,
            priority_min: None,
            priority_max: None,
            created_after_ms: None,
            created_before_ms: None,
            updated_after_ms: None,
            updated_before_ms: None,
            at_time_ms: None,
            valid_during_ms: None,
            include_inactive: false,
            created_by: None,
            limit: PAGE_ROWS_DEFAULT,
            offset: 0,
            cursor: None,
        }
    }
}
