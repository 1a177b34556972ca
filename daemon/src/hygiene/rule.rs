//! The rules of forgetting: which entry is old, which is unimportant, and which is protected whatever the rule says.

use agent_memory_proto::{
    limits::PROTECTED_PRIORITY,
    model::{Entry, EntryBody},
};

/// What has to be true of an entry; both, when both are given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rule {
    /// Nobody changed it since.
    pub(crate) unchanged_since_ms: Option<i64>,
    /// Its importance is below.
    pub(crate) importance_below: Option<f64>,
}

impl Rule {
    /// Whether the rule is right for an entry.
    pub(crate) fn fits(&self, entry: &Entry) -> bool {
        let is_old = self.unchanged_since_ms.is_none_or(|since_ms| entry.updated_at_ms < since_ms);
        let is_unimportant = self
            .importance_below
            .is_none_or(|below| importance(&entry.version.body).is_some_and(|importance| importance < below));
        is_old && is_unimportant
    }
}

/// Whether an entry stays, whatever a rule says.
pub(crate) const fn is_protected(entry: &Entry) -> bool {
    matches!(entry.version.body, EntryBody::Guideline { priority, .. } if priority >= PROTECTED_PRIORITY)
}

/// A hundredth of a guideline's priority, or the confidence of knowledge; tools have none.
fn importance(body: &EntryBody) -> Option<f64> {
    match body {
        EntryBody::Guideline { priority, .. } => Some(f64::from(*priority) / 100.0),
        EntryBody::Knowledge { confidence, .. } => Some(*confidence),
        EntryBody::Tool { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::guideline, *};

    #[test]
    fn both_rules_have_to_be_right_where_both_are_given() {
        let old = Rule { unchanged_since_ms: Some(10), importance_below: None };
        let unimportant = Rule { unchanged_since_ms: None, importance_below: Some(0.3) };
        let both = Rule { importance_below: Some(0.3), ..old };
        let fits = |id, priority| {
            let entry = guideline(id, priority, "x");
            [old, unimportant, both].map(|rule| rule.fits(&entry))
        };
        assert_eq!(fits(1, 50), [true, false, false]);
        assert_eq!(fits(11, 10), [false, true, false]);
        assert_eq!(fits(1, 10), [true, true, true]);
        assert_eq!(fits(10, 30), [false, false, false], "the bounds themselves are not below");
    }

    #[test]
    fn a_high_priority_protects() {
        assert!(is_protected(&guideline(1, PROTECTED_PRIORITY, "x")));
        assert!(!is_protected(&guideline(1, PROTECTED_PRIORITY - 1, "x")));
    }
}
