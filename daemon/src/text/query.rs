//! Queries: any text is one. Words are alternatives, "quoted text" is a phrase, `word*` a prefix.

use std::collections::HashSet;

use agent_memory_proto::limits::{QUERY_BYTES_MAX, QUERY_TERMS_MAX};

use super::{fold::starts_word, scan::PieceKind, stem::stem, stop_words::is_stop_word, term::each_term};

/// One thing that a query looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A term.
    Term(String),
    /// Every term that begins so.
    Prefix(String),
    /// Terms that follow each other.
    Phrase(Vec<String>),
}

impl Unit {
    fn cost(&self) -> usize {
        match self {
            Self::Term(_) | Self::Prefix(_) => 1,
            Self::Phrase(terms) => terms.len(),
        }
    }
}

/// A query as the index understands it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedQuery {
    /// What to look for: any of these. At most [`QUERY_TERMS_MAX`] terms in all, none twice.
    pub units: Vec<Unit>,
    /// Words that were left out because there were too many.
    pub ignored: u32,
}

impl ParsedQuery {
    /// Whether there is nothing to look for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// What is looked for, in words: for people.
    #[must_use]
    pub fn display_terms(&self) -> Vec<String> {
        let display = |unit: &Unit| match unit {
            Unit::Term(term) => term.clone(),
            Unit::Prefix(prefix) => format!("{prefix}*"),
            Unit::Phrase(terms) => format!("\"{}\"", terms.join(" ")),
        };
        self.units.iter().map(display).collect()
    }
}

/// Understands a query.
#[must_use]
pub fn parse(text: &str) -> ParsedQuery {
    let looked_at = &text[..text.floor_char_boundary(QUERY_BYTES_MAX)];
    let beyond = text[looked_at.len()..].split_whitespace().count();
    let mut parser = Parser { ignored: beyond, ..Parser::default() };
    for (part, is_quoted) in quoted_parts(looked_at) {
        if is_quoted { parser.phrase(part) } else { parser.words(part) }
    }
    parser.finish()
}

/// Splits at double quotes, straight or curly. What follows an unpaired one is not quoted.
fn quoted_parts(text: &str) -> Vec<(&str, bool)> {
    let parts: Vec<&str> = text.split(['"', '“', '”']).collect();
    let last = parts.len() - 1;
    parts.into_iter().enumerate().map(|(index, part)| (part, index % 2 == 1 && index != last)).collect()
}

#[derive(Default)]
struct Parser {
    units: Vec<Unit>,
    stop_words: Vec<Unit>,
    seen: HashSet<Unit>,
    terms: usize,
    ignored: usize,
}

impl Parser {
    fn push(&mut self, unit: Unit) {
        if self.seen.contains(&unit) {
            return;
        }
        let cost = unit.cost();
        if self.terms + cost > QUERY_TERMS_MAX {
            self.ignored += cost;
            return;
        }
        self.terms += cost;
        self.seen.insert(unit.clone());
        self.units.push(unit);
    }

    fn phrase(&mut self, text: &str) {
        let mut terms = Vec::new();
        each_term(text, &mut |term, _| terms.push(term.into_owned()));
        if terms.len() > QUERY_TERMS_MAX {
            self.ignored += terms.len() - QUERY_TERMS_MAX;
            terms.truncate(QUERY_TERMS_MAX);
        }
        match terms.len() {
            0 => {}
            1 => self.push(Unit::Term(terms.remove(0))),
            _ => self.push(Unit::Phrase(terms)),
        }
    }

    fn words(&mut self, text: &str) {
        each_term(text, &mut |term, piece| {
            let is_prefix = has_star(text, piece.end) && piece.text.chars().count() > 1;
            if is_prefix {
                self.prefix(piece.text);
            } else if piece.kind == PieceKind::Character {
                // Its pairs say more.
            } else if is_stop_word(piece.text) {
                if self.stop_words.len() < QUERY_TERMS_MAX {
                    self.stop_words.push(Unit::Term(term.into_owned()));
                }
            } else {
                self.push(Unit::Term(term.into_owned()));
            }
        });
    }

    /// The index holds stems, which may be shorter than the prefix: the stems of likely words that
    /// begin with it are looked for as well.
    fn prefix(&mut self, prefix: &str) {
        self.push(Unit::Prefix(prefix.to_owned()));
        if !prefix.bytes().all(|byte| byte.is_ascii_lowercase()) || prefix.len() < 4 {
            return;
        }
        for ending in LIKELY_ENDINGS {
            let word = format!("{prefix}{ending}");
            let stem = stem(&word);
            if !stem.starts_with(prefix) {
                self.push(Unit::Term(stem.into_owned()));
            }
        }
    }

    fn finish(mut self) -> ParsedQuery {
        if self.units.is_empty() {
            for unit in std::mem::take(&mut self.stop_words) {
                self.push(unit);
            }
        }
        ParsedQuery { units: self.units, ignored: u32::try_from(self.ignored).unwrap_or(u32::MAX) }
    }
}

/// Endings, and ends of endings, that stemming takes off.
const LIKELY_ENDINGS: [&str; 14] =
    ["", "e", "s", "es", "ed", "d", "ing", "ng", "ion", "on", "n", "ity", "ly", "y"];

fn has_star(text: &str, at: usize) -> bool {
    let mut rest = text[at..].chars();
    rest.next() == Some('*') && !rest.next().is_some_and(starts_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        parse(text).display_terms().join(" ")
    }

    #[test]
    fn words_phrases_and_prefixes() {
        for (text, expected) in [
            ("how do I run the migrations", "run migrat"),
            ("getUserById", "get user id getuserbyid"),
            ("\"connection pool\" size", "\"connect pool\" size"),
            ("\"unpaired quote", "unpair quot"),
            ("conf*", "conf*"),
            ("configurat*", "configurat* configur"),
            ("the who", "the who"),
            ("to-do", "todo"),
            ("東京都", "東京 京都"),
            ("AND OR NOT NEAR(a b) ^x col:y {z}", "near b x col y coli z"),
            ("* \" ' ; -- ) (", ""),
            ("cache cache Caches", "cach"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn too_many_words_are_counted() {
        let text: String = (0..100).map(|index| format!("word{index}x ")).collect();
        let parsed = parse(&text);
        assert_eq!(parsed.units.len(), QUERY_TERMS_MAX);
        assert_eq!(parsed.ignored as usize, 100 - QUERY_TERMS_MAX);
    }

    proptest! {
        #[test]
        fn any_text_parses_within_bounds(text in any::<String>(), times in 1_usize..400) {
            let parsed = parse(&text.repeat(times));
            prop_assert!(parsed.units.iter().map(Unit::cost).sum::<usize>() <= QUERY_TERMS_MAX);
            let distinct: HashSet<_> = parsed.units.iter().collect();
            prop_assert_eq!(distinct.len(), parsed.units.len());
        }

        #[test]
        fn every_word_is_looked_for(word in "[a-zA-Z]{1,40}|[0-9]{1,9}|[一-十]{1,5}") {
            let units = parse(&word).units;
            prop_assert!(!units.is_empty());
            let indexed = super::super::index_text(&word);
            let terms: Vec<&str> = indexed.split(' ').collect();
            for unit in units {
                let Unit::Term(term) = unit else { panic!("{unit:?} is no term") };
                prop_assert!(terms.contains(&term.as_str()));
            }
        }
    }
}
