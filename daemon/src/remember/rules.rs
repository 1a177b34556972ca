//! The rules that decide what a text is, in the order in which they are asked.

use agent_memory_proto::model::EntryKind;

use super::{category, command};

/// What the rules say about a text.
pub(super) struct Verdict<'a> {
    pub(super) kind: EntryKind,
    pub(super) category: Option<&'static str>,
    pub(super) reason: String,
    /// The text without a leading label such as `decision:`.
    pub(super) said: &'a str,
}

/// Labels that name the kind, with the category that they imply.
const LABELS: [(&str, EntryKind, Option<&str>); 13] = [
    ("guideline", EntryKind::Guideline, None),
    ("rule", EntryKind::Guideline, None),
    ("convention", EntryKind::Guideline, None),
    ("knowledge", EntryKind::Knowledge, None),
    ("decision", EntryKind::Knowledge, Some("decision")),
    ("fact", EntryKind::Knowledge, Some("fact")),
    ("note", EntryKind::Knowledge, Some("fact")),
    ("context", EntryKind::Knowledge, Some("context")),
    ("reference", EntryKind::Knowledge, Some("reference")),
    ("tool", EntryKind::Tool, None),
    ("command", EntryKind::Tool, Some("cli")),
    ("cli", EntryKind::Tool, Some("cli")),
    ("api", EntryKind::Tool, Some("api")),
];

const DECIDED: [&str; 14] = [
    "we decided",
    "we've decided",
    "we have decided",
    "we chose",
    "we have chosen",
    "we agreed",
    "we settled on",
    "we opted",
    "we picked",
    "we are going with",
    "we're going with",
    "was decided",
    "agreed on",
    "decided to",
];

/// What a rule begins with.
const ORDERS: [&str; 30] = [
    "always",
    "never",
    "don't",
    "dont",
    "do not",
    "avoid",
    "prefer",
    "make sure",
    "ensure",
    "be sure",
    "must",
    "only",
    "please",
    "keep",
    "use",
    "follow",
    "write",
    "put",
    "add",
    "check",
    "remember to",
    "no",
    "every",
    "require",
    "stick to",
    "refrain",
    "wrap",
    "return",
    "validate",
    "format",
];

/// What a rule has in its middle.
const OBLIGATIONS: [&str; 14] = [
    " must ",
    " should ",
    " shall ",
    " must not ",
    " should not ",
    " mustn't ",
    " shouldn't ",
    " has to ",
    " have to ",
    " needs to be ",
    " need to be ",
    " is forbidden",
    " are forbidden",
    " not allowed",
];

/// What only looks like an obligation: a guess about what happened.
const GUESSES: [&str; 4] = [" must have ", " should have ", " must be because", " should already "];

/// Judges a text.
pub(super) fn judge(text: &str) -> Verdict<'_> {
    let text =
        text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '•' | '>')).trim_end();
    if let Some(verdict) = labelled(text) {
        return verdict;
    }
    let lower = text.to_lowercase();
    let sentence = lower.split(['\n', '.']).next().unwrap_or_default();
    let (kind, category, reason) = if let Some(words) = first_of(&lower, &DECIDED) {
        (EntryKind::Knowledge, Some("decision"), format!("it tells of a decision (\"{words}\")"))
    } else if command::is_leading(text) {
        (EntryKind::Tool, None, "it begins with a command line".to_owned())
    } else if is_call(text) {
        (EntryKind::Tool, None, "it begins with a function or an endpoint".to_owned())
    } else if let Some(words) = forbids(sentence) {
        (EntryKind::Guideline, None, format!("it begins like a rule (\"{words}\")"))
    } else if command::is_told(text) {
        (EntryKind::Tool, None, "it tells to run a command that it shows".to_owned())
    } else if let Some(words) = orders(sentence) {
        (EntryKind::Guideline, None, format!("it begins like a rule (\"{words}\")"))
    } else if let Some(words) = obliges(sentence) {
        (EntryKind::Guideline, None, format!("it says what must be (\"{words}\")"))
    } else {
        (EntryKind::Knowledge, None, "no rule or command is in it, so it is something known".to_owned())
    };
    Verdict { kind, category: category.or_else(|| category::of(kind, text)), reason, said: text }
}

/// Whether the text has any of the words, wherever.
pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn labelled(text: &str) -> Option<Verdict<'_>> {
    let (label, said) = text.split_once(':')?;
    let said = said.trim();
    let label = label.trim().to_lowercase();
    let (name, kind, category) = LABELS.iter().find(|(name, ..)| *name == label && !said.is_empty())?;
    Some(Verdict {
        kind: *kind,
        category: category.or_else(|| category::of(*kind, said)),
        reason: format!("it is labelled \"{name}:\""),
        said,
    })
}

fn first_of(text: &str, words: &[&'static str]) -> Option<&'static str> {
    words.iter().copied().find(|word| text.contains(word))
}

/// A rule that holds whatever command it shows.
fn forbids(sentence: &str) -> Option<&'static str> {
    begins_with(sentence, &["always", "never", "don't", "do not", "avoid", "prefer"])
}

fn orders(sentence: &str) -> Option<&'static str> {
    begins_with(sentence, &ORDERS)
}

fn begins_with(sentence: &str, words: &[&'static str]) -> Option<&'static str> {
    if sentence.ends_with('?') {
        return None;
    }
    let ends_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    words.iter().copied().find(|word| sentence.strip_prefix(word).is_some_and(ends_word)).map(str::trim_end)
}

fn obliges(sentence: &str) -> Option<&'static str> {
    if sentence.ends_with('?') || has_any(sentence, &GUESSES) {
        return None;
    }
    first_of(&format!("{sentence} "), &OBLIGATIONS).map(str::trim)
}

/// `parse_duration() turns …`, `GET /v1/health …`.
fn is_call(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_method = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&first);
    first.len() > 2 && first.trim_matches('`').ends_with("()") || is_method && second.starts_with('/')
}
