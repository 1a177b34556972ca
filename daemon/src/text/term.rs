//! Terms: pieces of text as the index knows them, stemmed.

use std::borrow::Cow;

use super::{
    scan::{Piece, PieceKind, scan},
    stem::stem,
    stop_words::is_stop_word,
};

/// A term of a text and where it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The term as the index knows it.
    pub text: String,
    /// Where its word starts, in bytes.
    pub start: usize,
    /// Where its word ends, in bytes.
    pub end: usize,
    /// Whether it says nothing about what the text is about.
    pub is_stop_word: bool,
}

/// What the full-text index holds for a text: its terms, separated by spaces. Terms are made of
/// letters, digits, marks and emoji only, so the index's own tokenizer cuts at the spaces alone.
#[must_use]
pub fn index_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    scan(text, &mut |piece| {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&stem(piece.text));
    });
    out
}

/// The terms of a text in order, with their places. Characters of runs whose pairs are given are
/// left out.
#[must_use]
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    each_term(text, &mut |term, piece| {
        if piece.kind != PieceKind::Character {
            terms.push(Term {
                text: term.into_owned(),
                start: piece.start,
                end: piece.end,
                is_stop_word: is_stop_word(piece.text),
            });
        }
    });
    terms
}

/// Gives every term, stemmed, with the piece of text that it came from.
pub(super) fn each_term(text: &str, sink: &mut impl FnMut(Cow<'_, str>, Piece<'_>)) {
    scan(text, &mut |piece| sink(stem(piece.text), piece));
}

/// Gives the terms of those folded words that `is_wanted`.
pub(super) fn each_term_from(
    text: &str,
    is_wanted: impl Fn(&str) -> bool,
    sink: &mut impl FnMut(Cow<'_, str>, Piece<'_>),
) {
    scan(text, &mut |piece| {
        if is_wanted(piece.text) {
            sink(stem(piece.text), piece);
        }
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> std::collections::BTreeSet<String> {
        index_text(text).split(' ').filter(|term| !term.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn words_are_stemmed() {
        assert_eq!(index_text("Migrations are running"), "migrat are run");
        assert!(!set("connection pooling").is_disjoint(&set("connections pool")));
    }

    #[test]
    fn noise_of_ten_kilobytes_is_fast() {
        let noise: String =
            (0..10_000_u32).map(|i| char::from_u32(33 + i * 7919 % 90).unwrap_or(' ')).collect();
        let started = std::time::Instant::now();
        for _ in 0..10 {
            assert!(!index_text(&noise).is_empty());
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn any_text_gives_clean_terms(text in any::<String>()) {
            let indexed = index_text(&text);
            prop_assert!(indexed.chars().all(|c| c == ' ' || !c.is_ascii() || c.is_ascii_alphanumeric()));
            prop_assert!(!indexed.contains("  "));
            prop_assert_eq!(indexed.clone(), index_text(&text));
            for term in indexed.split(' ') {
                prop_assert!(term.chars().count() <= super::super::TERM_CHARS_MAX);
            }
        }

        #[test]
        fn every_word_of_a_text_finds_it(
            words in proptest::collection::vec("[a-zA-Z][a-zA-Z0-9]{0,30}|[äöüß]{1,9}|[一-十]{1,5}|[0-9]{1,9}", 1..20),
            gaps in proptest::collection::vec("[ _.,;:/()\"*\n\t-]{1,5}", 20),
        ) {
            let text: String = words.iter().zip(&gaps).flat_map(|(word, gap)| [word.as_str(), gap]).collect();
            let indexed = set(&text);
            for word in &words {
                prop_assert!(!set(word).is_disjoint(&indexed), "{:?} in {:?}", word, text);
                for term in terms(word) {
                    prop_assert!(indexed.contains(&term.text), "{:?} of {:?} in {:?}", term, word, text);
                }
            }
        }

        #[test]
        fn places_are_inside_the_text(text in any::<String>()) {
            for term in terms(&text) {
                prop_assert!(text.get(term.start..term.end).is_some_and(|word| !word.is_empty()));
            }
        }

        #[test]
        fn case_and_style_of_an_identifier_do_not_matter(parts in proptest::collection::vec("[a-z]{2,8}", 2..5)) {
            let whole = stem(&parts.concat()).into_owned();
            for joined in [parts.join("_"), parts.join("-"), parts.join("."), parts.concat()] {
                prop_assert!(set(&joined).contains(&whole));
            }
        }
    }
}
