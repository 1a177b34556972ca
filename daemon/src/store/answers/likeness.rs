//! How alike two texts are, or two entries, from 0 to 1: the share of distinct terms (stemmed, without stop words) that
//! they have in common, of their contents or of their contents with their names, whichever is larger. The same two are
//! always as alike, whichever comes first.

use std::cmp::Reverse;

use agent_memory_proto::{limits::QUERY_TERMS_MAX, model::Entry, response::SimilarEntry};

use crate::{
    store::SimilarQuery,
    text::{
        query::{ParsedQuery, Unit},
        similarity::TermSet,
    },
};

/// Entries that are compared.
pub(in crate::store) const CANDIDATES: u32 = 32;
/// Text of each side that is compared, in bytes.
const COMPARED_BYTES: usize = 8 * 1024;

/// What something is compared by.
pub(in crate::store) struct Subject {
    /// The terms of what it says.
    said: TermSet,
    /// Those of its name, too.
    all: TermSet,
}

impl Subject {
    /// An entry of that name, or a text that has none.
    pub(in crate::store) fn new(name: &str, text: &str) -> Self {
        let said = TermSet::of(&text[..text.floor_char_boundary(COMPARED_BYTES)]);
        let all = if name.is_empty() { said.clone() } else { said.union(&TermSet::of(name)) };
        Self { said, all }
    }

    /// How alike they are.
    pub(in crate::store) fn similarity(&self, other: &Self) -> f64 {
        self.said.similarity(&other.said).max(self.all.similarity(&other.all))
    }

    /// The terms to look for: the longest, since they are the rarest as a rule.
    pub(in crate::store) fn longest_terms(&self) -> ParsedQuery {
        longest_terms(&self.all)
    }
}

/// How alike two entries are.
pub(crate) fn of_entries(one: &Entry, other: &Entry) -> f64 {
    let subject = |entry: &Entry| Subject::new(&entry.name, entry.version.body.text());
    subject(one).similarity(&subject(other))
}

fn longest_terms(terms: &TermSet) -> ParsedQuery {
    let mut terms: Vec<&str> = terms.iter().collect();
    terms.sort_by_key(|term| (Reverse(term.len()), *term));
    terms.truncate(QUERY_TERMS_MAX);
    ParsedQuery { units: terms.into_iter().map(|term| Unit::Term(term.to_owned())).collect(), ignored: 0 }
}

/// Those that are as alike as asked for, best first.
pub(in crate::store) fn most_similar(
    mut found: Vec<SimilarEntry>,
    query: &SimilarQuery,
) -> Vec<SimilarEntry> {
    found.retain(|entry| entry.similarity >= query.similarity_min);
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.id.cmp(&b.id)));
    found.truncate(query.limit as usize);
    found
}
