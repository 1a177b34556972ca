//! What is said of a search along relations, whatever backend it runs on.

use agent_memory_proto::request::{Search, TagFilter};

/// What names the entry or project that hits are related to.
pub(in crate::store) const RELATED_TO: &str = "relatedTo.id";

/// Which of the entries that are related to hits may be added to them: those that the search could have
/// found, but for its words, tags, category, priority, author and times of change.
pub(in crate::store) fn filters_of_related(search: &Search) -> Search {
    Search {
        query: String::new(),
        tags: TagFilter::default(),
        category: None,
        priority_min: None,
        priority_max: None,
        created_after_ms: None,
        created_before_ms: None,
        updated_after_ms: None,
        updated_before_ms: None,
        created_by: None,
        limit: 0,
        offset: 0,
        cursor: None,
        ..search.clone()
    }
}
