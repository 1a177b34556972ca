//! Entries and their versions, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{Entry, EntryBody, Project},
    response::{EntryPage, History},
};

use super::style::{Style, first_line, more, scope};

/// One entry with all its fields.
pub(crate) fn entry(style: Style, entry: &Entry, project: Option<&Project>) -> String {
    let mut lines = vec![format!(
        "{} {}{}",
        entry.kind(),
        style.bold(&entry.name),
        if entry.is_active { "" } else { " (deactivated)" }
    )];
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!("  {} {value}", style.dim(&format!("{name:<13}"))));
        }
    };
    field("id", Some(entry.id.to_string()));
    field("scope", Some(scope(entry.scope, project)));
    field("category", entry.category.clone());
    field("tags", Some(entry.tags.join(", ")));
    for (name, value) in body_fields(&entry.version.body) {
        field(name, value);
    }
    field("metadata", entry.metadata.as_ref().map(|metadata| metadata.0.clone()));
    let by = |agent: &Option<String>| agent.as_ref().map(|agent| format!(" by {agent}")).unwrap_or_default();
    field("created", Some(format!("{}{}", times::format(entry.created_at_ms), by(&entry.created_by))));
    field("updated", Some(format!("{}{}", times::format(entry.updated_at_ms), by(&entry.updated_by))));
    field("version", Some(entry.version.number.to_string()));
    field("reason", entry.version.change_reason.clone());
    lines.push(String::new());
    lines.push(entry.version.body.text().to_owned());
    lines.join("\n")
}

fn body_fields(body: &EntryBody) -> Vec<(&'static str, Option<String>)> {
    let json = |value: &Option<agent_memory_proto::model::Json>| value.as_ref().map(|json| json.0.clone());
    match body {
        EntryBody::Guideline { priority, rationale, examples, verification_rules, .. } => vec![
            ("priority", Some(priority.to_string())),
            ("rationale", rationale.clone()),
            ("examples", json(examples)),
            ("verification", json(verification_rules)),
        ],
        EntryBody::Knowledge {
            confidence, source, valid_from_ms, valid_until_ms, invalidated_by, ..
        } => vec![
            ("confidence", Some(confidence.to_string())),
            ("source", source.clone()),
            ("valid from", valid_from_ms.map(times::format)),
            ("valid until", valid_until_ms.map(times::format)),
            ("replaced by", invalidated_by.map(|id| id.to_string())),
        ],
        EntryBody::Tool { parameters, examples, constraints, .. } => vec![
            ("parameters", json(parameters)),
            ("examples", json(examples)),
            ("constraints", constraints.clone()),
        ],
    }
}

/// A page of entries as a table.
pub(crate) fn page(style: Style, page: &EntryPage, project: Option<&Project>) -> String {
    if page.entries.is_empty() {
        return "nothing found".to_owned();
    }
    let rows = page.entries.iter().map(|entry| {
        let weight = match &entry.version.body {
            EntryBody::Guideline { priority, .. } => priority.to_string(),
            EntryBody::Knowledge { confidence, .. } => confidence.to_string(),
            EntryBody::Tool { .. } => String::new(),
        };
        vec![
            entry.id.to_string(),
            if entry.is_active { entry.name.clone() } else { format!("{} (deactivated)", entry.name) },
            entry.category.clone().unwrap_or_default(),
            weight,
            scope(entry.scope, project),
            times::format(entry.updated_at_ms),
            first_line(entry.version.body.text(), 60),
        ]
    });
    let weight = match page.entries[0].version.body {
        EntryBody::Guideline { .. } => "priority",
        EntryBody::Knowledge { .. } => "confidence",
        EntryBody::Tool { .. } => "",
    };
    let table = style.table(&["id", "name", "category", weight, "scope", "updated", "text"], rows);
    table + more(page.has_more)
}

/// The versions of an entry as a table.
pub(crate) fn history(style: Style, history: &History) -> String {
    let rows = history.versions.iter().map(|version| {
        vec![
            version.number.to_string(),
            times::format(version.created_at_ms),
            version.created_by.clone().unwrap_or_default(),
            version.change_reason.clone().unwrap_or_default(),
            if version.conflict { "conflict".to_owned() } else { String::new() },
            first_line(version.body.text(), 60),
        ]
    });
    style.table(&["version", "when", "who", "why", "", "text"], rows) + more(history.has_more)
}
