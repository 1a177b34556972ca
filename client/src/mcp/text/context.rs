//! The memory of a scope, and what a quickstart found.

use std::fmt::Write as _;

use agent_memory_proto::response::{Context, ContextEntry, Quickstarted};

use super::{RECALLED, one_line, part, provenance, quote, tags};
use crate::mcp::names::Names;

/// The entries, most important first, and what was left out.
pub(super) fn context(context: &Context, names: &Names) -> String {
    entries(context, &names.label(context.scope), names)
}

fn entries(context: &Context, place: &str, names: &Names) -> String {
    if context.entries.is_empty() {
        return format!("Nothing is remembered for {place} yet. Store with memory_remember.");
    }
    let mut out = format!(
        "{RECALLED} Memory of {place}, {} entries, about {} of {} tokens:",
        context.entries.len(),
        context.used_tokens,
        context.budget_tokens
    );
    for entry in &context.entries {
        out.push('\n');
        line(&mut out, entry, names);
        quote(&mut out, &entry.text);
    }
    let omitted: Vec<String> = context
        .omitted
        .iter()
        .filter(|left| left.count > 0)
        .map(|left| format!("{} {}", left.count, left.kind.plural()))
        .collect();
    if !omitted.is_empty() {
        let left = omitted.join(", ");
        let _ = write!(
            out,
            "\nLeft out for size: {left}. memory_query search finds them; budgetTokens allows more."
        );
    }
    out
}

/// Project, session and context.
pub(super) fn quickstarted(found: &Quickstarted, names: &Names) -> String {
    let project = &found.project;
    let mut out = format!(
        "{} project {:?} (id {})",
        if found.project_created { "Created" } else { "Bound" },
        project.name,
        project.id
    );
    part(&mut out, "root ", project.root_path.as_deref());
    let verb = if found.session_resumed { "resumed" } else { "started" };
    let name = found.session.name.as_deref().map(|name| format!(" {:?}", one_line(name))).unwrap_or_default();
    let _ = write!(out, "\nSession{name} {verb} (id {})", found.session.id);
    part(&mut out, "agent ", found.session.agent_id.as_deref());
    out.push_str("\nWrites without scopeType now go to this project.\n\n");
    out.push_str(&entries(&found.context, &format!("project {:?}", project.name), names));
    out
}

fn line(out: &mut String, entry: &ContextEntry, names: &Names) {
    let _ = write!(out, "- {} {:?} (id {})", entry.kind, entry.name, entry.id);
    part(out, "", Some(&names.label(entry.scope)));
    if let Some(priority) = entry.priority {
        let _ = write!(out, " · priority {priority}");
    }
    part(out, "", entry.category.as_deref());
    tags(out, &entry.tags);
    provenance(out, entry.created_by.as_deref(), entry.updated_at_ms);
    if entry.is_cut {
        let _ = write!(out, " · cut; whole text: memory_{} get", entry.kind);
    }
}
