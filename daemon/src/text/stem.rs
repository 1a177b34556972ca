//! Stems of English words. Stemming takes longer than everything else that is done to a text, and
//! texts repeat their words, so each thread keeps the stems of the words that it met last.

use std::{borrow::Cow, cell::RefCell};

use rust_stemmers::{Algorithm, Stemmer};

/// Words that a thread remembers: some 400 kB at most.
const SLOTS: usize = 4_096;
/// Longer words are rare, and stemmed anew.
const REMEMBERED_BYTES: usize = 20;

thread_local! {
    static STEMS: RefCell<Stems> = RefCell::new(Stems::new());
}

/// The stem of a folded word. What is no plain English word is its own stem.
pub(super) fn stem(word: &str) -> Cow<'_, str> {
    if word.len() <= 2 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    STEMS.with_borrow_mut(|stems| stems.stem(word))
}

struct Stems {
    stemmer: Stemmer,
    slots: Vec<Option<(Box<str>, Box<str>)>>,
}

impl Stems {
    fn new() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), slots: vec![None; SLOTS] }
    }

    fn stem<'a>(&mut self, word: &'a str) -> Cow<'a, str> {
        if word.len() > REMEMBERED_BYTES {
            return self.stemmer.stem(word);
        }
        let slot = &mut self.slots[hash(word) % SLOTS];
        if let Some((known, stem)) = slot
            && **known == *word
        {
            return of_word(word, stem);
        }
        let stem = self.stemmer.stem(word);
        *slot = Some((word.into(), (*stem).into()));
        stem
    }
}

/// Most stems are the beginning of their word, and then need no memory of their own.
fn of_word<'a>(word: &'a str, stem: &str) -> Cow<'a, str> {
    match word.get(..stem.len()) {
        Some(beginning) if beginning == stem => Cow::Borrowed(beginning),
        _ => Cow::Owned(stem.to_owned()),
    }
}

/// FNV-1a: short words, and nobody gains anything by a collision.
fn hash(word: &str) -> usize {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_one_family_share_a_stem() {
        for family in [["connect", "connected", "connections"], ["deploy", "deployed", "deploys"]] {
            let stems: Vec<_> = family.iter().map(|word| stem(word)).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
        assert_eq!(stem("utf8"), "utf8");
    }

    proptest! {
        #[test]
        fn a_remembered_stem_is_the_stem(words in proptest::collection::vec("[a-f]{1,4}(ing|ed|s|ies|ation)?", 1..200)) {
            let stemmer = Stemmer::create(Algorithm::English);
            for word in words.iter().chain(&words) {
                let expected = if word.len() > 2 { stemmer.stem(word) } else { word.as_str().into() };
                prop_assert_eq!(stem(word), expected);
            }
        }

        #[test]
        fn a_stem_keeps_the_first_letter(word in "[a-z]{1,12}(ing|ed|s|ies|y|ly|ation)?") {
            prop_assert_eq!(stem(&word).chars().next(), word.chars().next());
        }
    }
}
