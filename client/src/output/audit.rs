//! The audit, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{AuditEntry, Project},
    response::AuditPage,
};

use super::style::{Style, scope};

pub(crate) fn page(style: Style, page: &AuditPage, project: Option<&Project>) -> String {
    let rows = page.entries.iter().map(|entry| {
        vec![
            entry.number.to_string(),
            times::format(entry.at_ms),
            entry.who().to_owned(),
            what(entry),
            entry.id.map_or_else(String::new, |id| id.to_string()),
            entry.scope.map_or_else(String::new, |of| scope(of, project)),
            entry.detail.clone().unwrap_or_default(),
            format!("{} on {}", entry.via, entry.host),
        ]
    });
    let table = style.table(&["number", "at", "who", "what", "id", "scope", "detail", "from"], rows);
    match page.next {
        Some(next) => format!("{table}\nolder lines follow: --before {next}"),
        None => table,
    }
}

/// As `update guideline 2 to 3`, or `refuse request 40 times`.
fn what(entry: &AuditEntry) -> String {
    let mut text = format!("{} {}", entry.action, entry.kind);
    match (entry.before_version, entry.after_version) {
        (Some(before), Some(after)) if before == after => text.push_str(&format!(" at {after}")),
        (Some(before), Some(after)) => text.push_str(&format!(" {before} to {after}")),
        (Some(only), None) | (None, Some(only)) => text.push_str(&format!(" {only}")),
        (None, None) => {}
    }
    if entry.times != 1 {
        text.push_str(&format!(" ({} times)", entry.times));
    }
    text
}
