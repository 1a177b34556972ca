//! Snippets: the part of a text that matches a query best, on one line.

use std::collections::{HashMap, HashSet};

use super::{
    query::{ParsedQuery, Unit},
    term::each_term_from,
};

/// Longest snippet, in characters.
pub const SNIPPET_CHARS_MAX: usize = 240;
/// Text looked at, in bytes: a snippet from further down is not worth the time.
const LOOKED_AT_BYTES: usize = 32 * 1024;
/// Characters before the first match.
const LEAD_CHARS: usize = 40;

/// What a query looks for, ready to be matched against many texts.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    terms: HashSet<String>,
    prefixes: Vec<String>,
    first_letters: Vec<char>,
}

impl Wanted {
    /// Of a query.
    #[must_use]
    pub fn of(query: &ParsedQuery) -> Self {
        let mut wanted = Self::default();
        for unit in &query.units {
            match unit {
                Unit::Term(term) => drop(wanted.terms.insert(term.clone())),
                Unit::Prefix(prefix) => wanted.prefixes.push(prefix.clone()),
                Unit::Phrase(terms) => wanted.terms.extend(terms.iter().cloned()),
            }
        }
        let all = wanted.terms.iter().chain(&wanted.prefixes);
        wanted.first_letters = all.filter_map(|term| term.chars().next()).collect();
        wanted
    }

    fn matches(&self, term: &str) -> bool {
        self.terms.contains(term) || self.prefixes.iter().any(|prefix| term.starts_with(prefix))
    }

    /// The matching terms of a text. Stemming never changes the first letter, so words that begin
    /// otherwise need not be stemmed.
    fn matches_in(&self, text: &str) -> Vec<Match> {
        let mut matches = Vec::new();
        let may_match = |word: &str| word.starts_with(|c| self.first_letters.contains(&c));
        each_term_from(text, may_match, &mut |term, piece| {
            if self.matches(&term) {
                matches.push(Match { term: term.into_owned(), start: piece.start, end: piece.end });
            }
        });
        matches
    }
}

/// A wanted term in a text.
struct Match {
    term: String,
    start: usize,
    end: usize,
}

/// The part of the text with most distinct wanted terms, on one line, at most
/// [`SNIPPET_CHARS_MAX`] characters, with `…` where it was cut.
#[must_use]
pub fn snippet(text: &str, wanted: &Wanted) -> String {
    let text = &text[..text.floor_char_boundary(LOOKED_AT_BYTES)];
    let is_short = text.chars().nth(SNIPPET_CHARS_MAX).is_none();
    let start = if is_short { 0 } else { best_start(text, wanted) };
    one_line(text, start)
}

/// Where the window with most distinct matches starts, moved back a little for context.
fn best_start(text: &str, wanted: &Wanted) -> usize {
    if wanted.terms.is_empty() && wanted.prefixes.is_empty() {
        return 0;
    }
    let matches = wanted.matches_in(text);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let (mut best, mut best_at, mut last) = (0, 0, 0);
    for first in 0..matches.len() {
        while let Some(term) = matches.get(last)
            && (last <= first || term.end <= matches[first].start + SNIPPET_CHARS_MAX - LEAD_CHARS)
        {
            *counts.entry(&term.term).or_default() += 1;
            last += 1;
        }
        if counts.len() > best {
            (best, best_at) = (counts.len(), matches[first].start);
        }
        if let Some(count) = counts.get_mut(matches[first].term.as_str()) {
            *count -= 1;
            if *count == 0 {
                counts.remove(matches[first].term.as_str());
            }
        }
    }
    step_back(text, best_at)
}

/// Goes back to the start of the sentence or of a word, at most [`LEAD_CHARS`] characters.
fn step_back(text: &str, at: usize) -> usize {
    let mut word_start = at;
    for (index, c) in text[..at].char_indices().rev().take(LEAD_CHARS) {
        if matches!(c, '\n' | '.' | '!' | '?') {
            return text.len() - text[index + c.len_utf8()..].trim_start().len();
        }
        if c.is_whitespace() {
            word_start = index + c.len_utf8();
        }
        if index == 0 {
            return 0;
        }
    }
    word_start
}

fn one_line(text: &str, start: usize) -> String {
    let mut out = String::new();
    let mut room = SNIPPET_CHARS_MAX - 2;
    if start > 0 {
        out.push('…');
    }
    let mut word_end = out.len();
    let mut chars = text[start..].chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c });
    let mut is_cut = false;
    for c in chars.by_ref() {
        if c == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if room == 0 {
            is_cut = true;
            break;
        }
        if c == ' ' {
            word_end = out.len();
        }
        out.push(c);
        room -= 1;
    }
    if is_cut || chars.any(|c| c != ' ') {
        if word_end > out.len() / 2 {
            out.truncate(word_end);
        }
        out.truncate(out.trim_end().len());
        out.push('…');
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::query::parse, *};

    fn of(text: &str, query: &str) -> String {
        snippet(text, &Wanted::of(&parse(query)))
    }

    #[test]
    fn short_texts_are_given_whole_on_one_line() {
        assert_eq!(of("one\n  two\tthree ", "two"), "one two three");
    }

    #[test]
    fn the_matching_part_of_a_long_text_is_found() {
        let text = format!(
            "{}. The pool keeps ten connections open. {}",
            "filler ".repeat(200),
            "more ".repeat(200)
        );
        let found = of(&text, "connection pool");
        assert!(found.starts_with("…The pool keeps ten connections open."), "{found}");
        assert!(found.ends_with('…') && found.chars().count() <= SNIPPET_CHARS_MAX);
        assert!(of(&text, "").starts_with("filler"));
    }

    proptest! {
        #[test]
        fn any_snippet_is_one_bounded_line(text in any::<String>(), times in 1_usize..50, query in "[a-z ]{0,20}") {
            let found = of(&text.repeat(times), &query);
            prop_assert!(found.chars().count() <= SNIPPET_CHARS_MAX);
            prop_assert!(!found.chars().any(char::is_control));
        }
    }
}
