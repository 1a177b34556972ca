//! What is to become of entries that say the same, or that are old or unimportant. Decides only: who reads the entries
//! and changes them is elsewhere.

mod merge;
mod rule;

use agent_memory_proto::{
    model::{Entry, EntryBody},
    response::TidiedEntry,
};

pub(crate) use self::{
    merge::merged,
    rule::{Rule, is_protected},
};

/// The best of some entries that say the same: the highest priority or confidence, then the latest change; of those
/// of one millisecond the one that was made last, which ids tell.
pub(crate) fn best(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().max_by(|one, other| {
        let rank = |entry: &Entry| match entry.version.body {
            EntryBody::Guideline { priority, .. } => f64::from(priority),
            EntryBody::Knowledge { confidence, .. } => confidence,
            EntryBody::Tool { .. } => 0.0,
        };
        let age = |entry: &Entry| (entry.updated_at_ms, entry.id);
        rank(one).total_cmp(&rank(other)).then_with(|| age(one).cmp(&age(other)))
    })
}

/// An entry as it is told.
pub(crate) fn told(entry: &Entry, similarity: f64) -> TidiedEntry {
    let (mut priority, mut confidence) = (None, None);
    match entry.version.body {
        EntryBody::Guideline { priority: given, .. } => priority = Some(given),
        EntryBody::Knowledge { confidence: given, .. } => confidence = Some(given),
        EntryBody::Tool { .. } => {}
    }
    TidiedEntry {
        id: entry.id,
        kind: entry.kind(),
        name: entry.name.clone(),
        version: entry.version.number,
        updated_at_ms: entry.updated_at_ms,
        priority,
        confidence,
        similarity,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use agent_memory_proto::model::{Id, ScopeRef, Version};

    use super::*;

    pub(crate) fn guideline(id: u8, priority: u8, content: &str) -> Entry {
        let body = EntryBody::Guideline {
            content: content.to_owned(),
            priority,
            rationale: None,
            examples: None,
            verification_rules: None,
        };
        let version = Version {
            id: Id([id; 16]),
            number: 1,
            body,
            created_at_ms: 0,
            created_by: None,
            change_reason: None,
            conflict: false,
        };
        Entry {
            id: Id([id; 16]),
            scope: ScopeRef::GLOBAL,
            name: format!("rule {id}"),
            category: None,
            tags: Vec::new(),
            metadata: None,
            is_active: true,
            created_at_ms: 0,
            created_by: None,
            updated_at_ms: i64::from(id),
            updated_by: None,
            version,
        }
    }

    #[test]
    fn the_best_is_the_most_important_then_the_newest() {
        let entries = [guideline(1, 50, "a"), guideline(2, 60, "b"), guideline(3, 60, "c")];
        assert_eq!(best(&entries).map(|entry| entry.id), Some(Id([3; 16])));
        let mut same_age = entries.clone();
        same_age[2].updated_at_ms = 2;
        assert_eq!(best(&same_age).map(|entry| entry.id), Some(Id([3; 16])), "then the last id");
        assert_eq!(best(&[]), None);
    }
}
