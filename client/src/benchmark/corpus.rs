//! Entries and queries of a made-up software project: the same for the same seed. Words follow
//! Zipf's law, as in real text: a few are everywhere, most are rare.

use agent_memory_proto::{
    model::{EntryBody, ScopeRef},
    request::{AddEntry, EntryDraft, Search},
};

/// Words in the vocabulary.
const WORDS: u64 = 4_000;
/// Common words do not make good queries: people search for what is particular.
const QUERY_RANK_MIN: u64 = 12;
const QUERY_RANK_MAX: u64 = 1_200;
/// Length of an entry's text, in bytes.
const TEXT_BYTES: usize = 440;

const COMMON: [&str; 48] = [
    "service",
    "request",
    "cache",
    "index",
    "schema",
    "migration",
    "deploy",
    "worker",
    "queue",
    "token",
    "session",
    "project",
    "module",
    "config",
    "parser",
    "client",
    "server",
    "release",
    "branch",
    "metric",
    "handler",
    "socket",
    "retry",
    "timeout",
    "database",
    "postgres",
    "redis",
    "kafka",
    "latency",
    "throughput",
    "transaction",
    "rollback",
    "backup",
    "restore",
    "replica",
    "shard",
    "webhook",
    "endpoint",
    "pagination",
    "validation",
    "permission",
    "secret",
    "certificate",
    "container",
    "pipeline",
    "artifact",
    "snapshot",
    "benchmark",
];

/// A small generator of random numbers (splitmix64): repeatable, and good enough for load.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A rank below `end` whose probability falls as 1 / (rank + 1).
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn zipf(&mut self, end: u64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = ((end as f64 + 1.0).ln() * uniform).exp() - 1.0;
        (rank as u64).min(end - 1)
    }
}

/// The word of a rank: a term of the field for the most common, else one made of syllables.
fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 20] = [
        "ba", "co", "di", "fu", "ga", "hi", "jo", "ka", "le", "mi", "no", "pa", "qui", "ro", "su", "ta",
        "ve", "wo", "xy", "ze",
    ];
    if let Some(common) = usize::try_from(rank).ok().and_then(|rank| COMMON.get(rank)) {
        return (*common).to_owned();
    }
    let mut rest = Random::new(rank).next() % 7_000 * WORDS + rank;
    let mut text = String::new();
    while rest > 0 && text.len() < 10 {
        text.push_str(SYLLABLES[usize::try_from(rest % 20).unwrap_or_default()]);
        rest /= 20;
    }
    text
}

fn text(random: &mut Random, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        text.push_str(&word(random.zipf(WORDS)));
        text.push(if random.below(9) == 0 { '.' } else { ' ' });
    }
    text
}

/// The entry of a number: a third of each kind, unique by its name.
pub(crate) fn entry(seed: u64, number: u64, scope: ScopeRef) -> AddEntry {
    let mut random = Random::new(seed.wrapping_mul(0x1_0000_0001).wrapping_add(number));
    let (first, second) = (word(random.zipf(WORDS)), word(random.zipf(WORDS)));
    let content = text(&mut random, TEXT_BYTES);
    let (category, body) = match number % 3 {
        0 => {
            let priority = u8::try_from(random.below(101)).unwrap_or_default();
            let body = EntryBody::Guideline {
                content,
                priority,
                rationale: None,
                examples: None,
                verification_rules: None,
            };
            ("conventions", body)
        }
        1 => ("fact", knowledge(content)),
        _ => {
            let body =
                EntryBody::Tool { description: content, parameters: None, examples: None, constraints: None };
            ("cli", body)
        }
    };
    draft(scope, format!("{first} {second} {number}"), category, word(random.zipf(200)), body)
}

/// What a measured write adds: knowledge of some 500 bytes, unique by its name.
pub(crate) fn written(seed: u64, number: u64, scope: ScopeRef) -> AddEntry {
    let mut random = Random::new(seed.rotate_left(17).wrapping_add(number));
    let content = text(&mut random, TEXT_BYTES + 40);
    draft(scope, format!("written {seed} {number}"), "fact", "benchmark".to_owned(), knowledge(content))
}

fn knowledge(content: String) -> EntryBody {
    EntryBody::Knowledge {
        content,
        confidence: 1.0,
        source: None,
        valid_from_ms: None,
        valid_until_ms: None,
        invalidated_by: None,
    }
}

fn draft(scope: ScopeRef, name: String, category: &str, tag: String, body: EntryBody) -> AddEntry {
    let draft = EntryDraft {
        scope,
        name,
        category: Some(category.to_owned()),
        tags: vec![tag],
        metadata: None,
        body,
        created_by: None,
        change_reason: None,
    };
    AddEntry { id: None, draft }
}

/// The search of a number: two or three words that are in the entries, neither the most common nor
/// the rarest.
pub(crate) fn search(seed: u64, number: u64, scope: ScopeRef) -> Search {
    let mut random = Random::new(seed.rotate_left(31).wrapping_add(number));
    let words = 2 + random.below(2);
    let query = (0..words)
        .map(|_| word(QUERY_RANK_MIN + random.zipf(QUERY_RANK_MAX - QUERY_RANK_MIN)))
        .collect::<Vec<_>>()
        .join(" ");
    Search::new(query, Some(scope))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_entries() {
        assert_eq!(entry(7, 3, ScopeRef::GLOBAL), entry(7, 3, ScopeRef::GLOBAL));
        assert_ne!(entry(7, 3, ScopeRef::GLOBAL), entry(8, 3, ScopeRef::GLOBAL));
    }

    #[test]
    fn entries_are_of_a_realistic_size() {
        let bytes: usize =
            (0..300).map(|number| entry(1, number, ScopeRef::GLOBAL).draft.body.text().len()).sum();
        assert!((430..470).contains(&(bytes / 300)), "{}", bytes / 300);
    }

    #[test]
    fn searches_hardly_ever_repeat() {
        let queries: BTreeSet<String> =
            (0..5_000).map(|number| search(1, number, ScopeRef::GLOBAL).query).collect();
        assert!(queries.len() > 4_000, "{}", queries.len());
    }

    #[test]
    fn a_few_words_are_everywhere() {
        let mut random = Random::new(1);
        let ranks: Vec<u64> = (0..10_000).map(|_| random.zipf(WORDS)).collect();
        let common = ranks.iter().filter(|rank| **rank < 48).count();
        assert!((3_000..7_000).contains(&common), "{common}");
        assert!(ranks.iter().any(|rank| *rank > 2_000));
    }

    #[test]
    fn words_differ() {
        let words: BTreeSet<String> = (0..WORDS).map(word).collect();
        assert!(words.len() > 3_900, "{}", words.len());
    }
}
