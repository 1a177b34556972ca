//! Texts of a made-up project, the same for the same number: words follow Zipf's law, so that a few
//! are everywhere and most are rare, and a larger store has more different words.

use agent_memory_proto::{
    model::{EntryBody, EntryKind, ScopeRef},
    request::EntryDraft,
};

use crate::store::contract::fixtures::draft;

/// Words in the vocabulary.
const WORDS: u64 = 200_000;
/// Words of an entry's text.
const TEXT_WORDS: u64 = 60;

/// A small generator of random numbers (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `first` on, below `end`.
    pub(super) fn within(&mut self, first: u64, end: u64) -> u64 {
        first + self.next() % (end - first)
    }

    /// A rank whose probability falls as 1 / (rank + 1).
    pub(super) fn zipf(&mut self) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = ((WORDS as f64 + 1.0).ln() * uniform).exp() - 1.0;
        (rank as u64).min(WORDS - 1)
    }
}

/// The word of a rank, made of syllables.
pub(super) fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "co", "di", "fu", "ga", "hi", "jo", "ka", "le", "mi", "no", "pa", "qui", "ro", "su", "ta",
        "ve", "wo", "xy", "ze",
    ];
    let mut rest = rank + 400;
    let mut text = String::new();
    while rest > 0 {
        text.push_str(SYLLABLES[(rest % 20) as usize]);
        rest /= 20;
    }
    text
}

fn words(random: &mut Random, count: u64) -> String {
    (0..count).map(|_| word(random.zipf())).collect::<Vec<_>>().join(" ")
}

/// The entry of a number.
pub(super) fn entry(number: u64, scope: ScopeRef) -> EntryDraft {
    let mut random = Random::new(number.wrapping_mul(0x1_0000_0001));
    let name = format!("{} {number}", words(&mut random, 2));
    let tag = word(random.within(0, 200));
    let length = random.within(TEXT_WORDS / 2, TEXT_WORDS * 3 / 2);
    let content = words(&mut random, length);
    let body = match EntryKind::ALL[(number % 3) as usize] {
        EntryKind::Guideline => EntryBody::Guideline {
            content,
            priority: random.within(0, 101) as u8,
            rationale: None,
            examples: None,
            verification_rules: None,
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content,
            confidence: 1.0,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => {
            EntryBody::Tool { description: content, parameters: None, examples: None, constraints: None }
        }
    };
    EntryDraft { tags: vec![tag], ..draft(scope, &name, body) }
}

/// A rare word, one of the most common and a rare one, three middling ones, and others.
pub(super) fn query(number: u64) -> String {
    let mut random = Random::new(number.rotate_left(31) + 7);
    let random = &mut random;
    let (rare, middling, common) = (
        |random: &mut Random| word(random.within(2_000, 20_000)),
        |random: &mut Random| word(random.within(100, 1_000)),
        |random: &mut Random| word(random.within(0, 12)),
    );
    match number % 8 {
        0 => rare(random),
        1 | 2 => [middling(random), middling(random), middling(random)].join(" "),
        3 => [common(random), rare(random)].join(" "),
        4 => [common(random), middling(random), rare(random)].join(" "),
        5 => common(random),
        6 => [common(random), common(random)].join(" "),
        _ => (0..4).map(|_| word(random.zipf())).collect::<Vec<_>>().join(" "),
    }
}
