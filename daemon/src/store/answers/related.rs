//! What is said of a search along relations, whatever backend it runs on.

use agent_memory_proto::{
    model::Id,
    request::Search,
    response::{Hit, RelatedHit},
};

use super::graph::Reached;

/// What names the entry or project that hits are related to.
pub(in crate::store) const RELATED_TO: &str = "relatedTo.id";

/// Which of the entries that are related to hits may be added to them: those that the search could have
/// found, but for its words, tags, category, priority, author and times of change.
pub(in crate::store) fn filters_of_related(search: &Search) -> Search {
    Search {
        kinds: search.kinds.clone(),
        inherit: search.inherit,
        at_time_ms: search.at_time_ms,
        valid_during_ms: search.valid_during_ms,
        include_inactive: search.include_inactive,
        ..Search::new(String::new(), search.scope)
    }
}

/// An entry that was reached from one of the hits of these ids.
pub(in crate::store) fn related_hit(reached: &Reached, hit: Hit, hits: &[Id]) -> RelatedHit {
    let Reached { key: _, from, kind, is_target, distance } = *reached;
    RelatedHit { hit, from: hits[from], kind, is_target, distance }
}
