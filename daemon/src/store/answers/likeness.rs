//! Whether an entry says the same as a text.

use std::cmp::Reverse;

use agent_memory_proto::{limits::QUERY_TERMS_MAX, response::SimilarEntry};

use crate::text::{
    query::{ParsedQuery, Unit},
    similarity::TermSet,
};

/// Entries that are compared.
pub(in crate::store) const CANDIDATES: u32 = 32;
/// What shares less says something else.
const SIMILARITY_MIN: f64 = 0.3;
/// Text of each side that is compared, in bytes.
const COMPARED_BYTES: usize = 8 * 1024;

/// The terms of a text, as far as it is compared.
pub(in crate::store) fn terms_of(text: &str) -> TermSet {
    TermSet::of(&text[..text.floor_char_boundary(COMPARED_BYTES)])
}

/// How similar an entry is to the terms of a text, from 0 to 1.
pub(in crate::store) fn similarity(terms: &TermSet, name: &str, content: &str) -> f64 {
    let said = terms_of(content);
    let named = said.union(&TermSet::of(name));
    terms.similarity(&said).max(terms.similarity(&named))
}

/// The terms to look for: the longest, since they are the rarest as a rule.
pub(in crate::store) fn longest_terms(terms: &TermSet) -> ParsedQuery {
    let mut terms: Vec<&str> = terms.iter().collect();
    terms.sort_by_key(|term| (Reverse(term.len()), *term));
    terms.truncate(QUERY_TERMS_MAX);
    ParsedQuery { units: terms.into_iter().map(|term| Unit::Term(term.to_owned())).collect(), ignored: 0 }
}

/// Those that say the same, best first.
pub(in crate::store) fn most_similar(mut found: Vec<SimilarEntry>, limit: u32) -> Vec<SimilarEntry> {
    found.retain(|entry| entry.similarity >= SIMILARITY_MIN);
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.id.cmp(&b.id)));
    found.truncate(limit as usize);
    found
}
