//! Finds secrets of well-known formats in a text: keys of clouds and services, tokens, private keys,
//! addresses with passwords. Says where they are and of which kind. What is done about them is decided
//! elsewhere, and no secret leaves this module but as a range.

mod near;
mod pieces;
mod plausible;
mod rules;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::LazyLock};

use agent_memory_proto::ErrorBody;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use rules::{How, RULES, Rule};

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, as `github-token`.
    pub kind: &'static str,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// What stands for a secret of that kind in a masked text.
#[must_use]
pub fn mask_of(kind: &str) -> String {
    format!("[masked: {kind}]")
}

/// How every mask begins.
pub(crate) const MASK_START: &str = "[masked: ";

/// Looks for the anchors of all rules in one pass; only where one stands, its rule looks closer.
struct Scanner {
    anchors: AhoCorasick,
    /// For each anchor, which rule it belongs to and how it is written.
    of: Vec<(&'static Rule, &'static str)>,
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let of: Vec<_> =
        RULES.iter().flat_map(|rule| rule.anchors.iter().map(move |anchor| (rule, *anchor))).collect();
    let anchors = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(of.iter().map(|(_, anchor)| anchor))
        .expect("a few hundred short anchors make a small automaton");
    Scanner { anchors, of }
});

/// Every secret in a text, in order, none inside another.
#[must_use]
pub fn find(text: &str) -> Vec<Finding> {
    let scanner = &*SCANNER;
    let mut found: Vec<Finding> = Vec::new();
    let mut looked_until = 0;
    for hit in scanner.anchors.find_overlapping_iter(text) {
        // What stands inside a secret that was found is a part of it.
        if hit.start() < looked_until {
            continue;
        }
        let (rule, anchor) = scanner.of[hit.pattern().as_usize()];
        let range = match rule.how {
            How::Token(pieces) => pieces::token(text, hit.range(), anchor, pieces),
            How::Near(look) => look(text, hit.range()),
        };
        if let Some(range) = range {
            looked_until = range.end;
            found.push(Finding { kind: rule.kind, range });
        }
    }
    found.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
    let mut end = 0;
    found.retain(|one| {
        let is_outside = one.range.start >= end;
        end = end.max(one.range.end);
        is_outside
    });
    found
}

/// Builds what the first look would have to build, some milliseconds long.
pub fn prepare() {
    LazyLock::force(&SCANNER);
}

/// Whether [`find`] would have to look closer anywhere. What has no anchor has no secret.
pub(crate) fn has_anchor(text: &str) -> bool {
    SCANNER.anchors.is_match(text)
}

/// The text with a mask in place of each secret.
#[must_use]
pub fn masked(text: &str, found: &[Finding]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for one in found {
        out.push_str(&text[at..one.range.start]);
        out.push_str(&mask_of(one.kind));
        at = one.range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// An error for somebody's eyes: it repeats values that were refused for another reason.
#[must_use]
pub fn scrubbed_error(mut error: ErrorBody) -> ErrorBody {
    error.message = scrubbed(error.message);
    error.field = error.field.map(scrubbed);
    error.value = error.value.map(scrubbed);
    error
}

/// The text for somebody's eyes: nothing found, nothing copied.
#[must_use]
pub fn scrubbed(text: String) -> String {
    let found = find(&text);
    if found.is_empty() { text } else { masked(&text, &found) }
}
