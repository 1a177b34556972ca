//! Categories: the original's sets for knowledge and tools, and a guess from words for guidelines.

use agent_memory_proto::model::EntryKind;

use super::rules::has_any;
use crate::text::terms;

/// The category of a text that is of this kind; guidelines may have none.
pub(super) fn of(kind: EntryKind, text: &str) -> Option<&'static str> {
    match kind {
        EntryKind::Guideline => of_guideline(text),
        EntryKind::Knowledge => Some(of_knowledge(text)),
        EntryKind::Tool => Some(of_tool(text)),
    }
}

/// What each category's guidelines talk about; the first that fits is taken.
const TOPICS: [(&str, &[&str]); 9] = [
    (
        "security",
        &["secret", "password", "credential", "security", "injection", "sanitize", "validate", "permission"],
    ),
    ("testing", &["test", "coverage", "mock", "fixture"]),
    ("git", &["commit", "branch", "rebase", "merge", "pull request", "git"]),
    ("error-handling", &["error", "exception", "panic", "retry"]),
    ("naming", &["name", "naming", "snake_case", "camelCase", "PascalCase", "prefix"]),
    ("performance", &["performance", "fast", "slow", "latency", "allocation"]),
    ("documentation", &["document", "docs", "comment", "readme", "changelog"]),
    ("style", &["format", "indent", "tab", "whitespace", "style", "lint"]),
    ("dependencies", &["dependency", "crate", "package", "library", "upgrade"]),
];

fn of_guideline(text: &str) -> Option<&'static str> {
    let found: Vec<String> = terms(text).into_iter().map(|term| term.text).collect();
    let mentions = |word: &&str| terms(word).iter().all(|term| found.contains(&term.text));
    TOPICS.iter().find(|(_, words)| words.iter().any(&mentions)).map(|(category, _)| *category)
}

fn of_knowledge(text: &str) -> &'static str {
    let text = text.to_lowercase();
    if has_any(&text, &["http://", "https://", "see the docs", "documented in", "documented at"]) {
        "reference"
    } else if has_any(
        &text,
        &["currently", "right now", "at the moment", "this week", "this sprint", "in progress"],
    ) {
        "context"
    } else {
        "fact"
    }
}

fn of_tool(text: &str) -> &'static str {
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_method = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&first);
    if has_any(&text.to_lowercase(), &["mcp server", "mcp tool"]) {
        "mcp"
    } else if is_method || text.starts_with("https://") {
        "api"
    } else if first.ends_with("()") {
        "function"
    } else {
        "cli"
    }
}
