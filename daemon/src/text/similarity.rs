//! How much two texts say the same: the share of distinct terms that they have in common.

use std::collections::HashSet;

use super::term::terms;

/// The distinct terms of a text, without stop words unless there are no others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermSet(HashSet<String>);

impl TermSet {
    /// The terms of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let (stop_words, others): (Vec<_>, Vec<_>) =
            terms(text).into_iter().partition(|term| term.is_stop_word);
        let chosen = if others.is_empty() { stop_words } else { others };
        Self(chosen.into_iter().map(|term| term.text).collect())
    }

    /// The terms in common over all terms (Jaccard), 0 to 1; 0 when both are empty.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts of terms are small")]
    pub fn similarity(&self, other: &Self) -> f64 {
        let common = self.0.intersection(&other.0).count();
        let all = self.0.len() + other.0.len() - common;
        if all == 0 { 0.0 } else { common as f64 / all as f64 }
    }

    /// The terms of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The terms, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_in_another_form_are_the_same() {
        let one = TermSet::of("Always run the migrations before deploying");
        let two = TermSet::of("always run migration before deploy");
        assert!((one.similarity(&two) - 1.0).abs() < f64::EPSILON);
        assert!(one.similarity(&TermSet::of("Use tabs")) < 0.01);
        assert!(TermSet::default().similarity(&TermSet::default()).abs() < f64::EPSILON);
    }
}
