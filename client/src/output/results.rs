//! Hits, contexts and settings, for people.

use agent_memory_proto::{
    model::{EntryKind, Project},
    response::{ConfigReport, Context, SearchPage},
};

use super::style::{Style, scope};

/// Hits, best first.
pub(crate) fn search_page(style: Style, page: &SearchPage, project: Option<&Project>) -> String {
    let mut lines = Vec::new();
    if page.hits.is_empty() {
        lines.push("nothing found".to_owned());
    }
    for hit in &page.hits {
        let state = if hit.is_active { "" } else { " (deactivated)" };
        lines.push(format!("{} {}{state}", hit.kind, style.bold(&hit.name)));
        let about = format!("{} · score {:.2} · {}", scope(hit.scope, project), hit.score, hit.id);
        lines.push(format!("  {}", style.dim(&about)));
        if !hit.snippet.is_empty() {
            lines.push(format!("  {}", hit.snippet));
        }
    }
    if page.ignored_terms > 0 {
        lines.push(format!("{} words of the query were left out: it has too many", page.ignored_terms));
    }
    if let Some(cursor) = &page.next_cursor {
        lines.push(format!("more follow: ask with --cursor {cursor}"));
    }
    lines.join("\n")
}

/// The memory of a scope.
pub(crate) fn context(style: Style, context: &Context, project: Option<&Project>) -> String {
    let mut lines = vec![format!(
        "memory of {} ({} of {} tokens)",
        style.bold(&scope(context.scope, project)),
        context.used_tokens,
        context.budget_tokens
    )];
    for kind in EntryKind::ALL {
        let mut entries = context.entries.iter().filter(|entry| entry.kind == kind).peekable();
        if entries.peek().is_none() {
            continue;
        }
        lines.push(format!("\n{}", style.bold(kind.plural())));
        for entry in entries {
            let priority = entry.priority.map(|priority| format!(" [{priority}]")).unwrap_or_default();
            let cut = if entry.is_cut { " …" } else { "" };
            lines.push(format!("- {}{priority}: {}{cut}", style.bold(&entry.name), entry.text));
        }
    }
    for left in &context.omitted {
        lines.push(format!(
            "\n{} more {} did not fit: raise --budget, or search",
            left.count,
            left.kind.plural()
        ));
    }
    lines.join("\n")
}

/// Settings as a table.
pub(crate) fn config(style: Style, report: &ConfigReport) -> String {
    let rows = report.settings.iter().map(|setting| {
        vec![
            setting.name.clone(),
            setting.value.clone(),
            setting.source.clone(),
            if setting.reloadable { "reloadable".to_owned() } else { String::new() },
        ]
    });
    let table = style.table(&["setting", "value", "source", ""], rows);
    let file = report.file.as_deref().unwrap_or("none");
    format!("{table}\nsettings file: {file}")
}
