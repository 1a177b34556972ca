//! Pages of an export.

use agent_memory_proto::model::{
    Entry, EntryBody, Json, PortableEntry, PortableTask, PortableVersion, ScopeLevel, Version,
};

use crate::store::columns::{ENDS, PROJECT, RELATION, SESSION};

/// Entries of one page at most.
pub(in crate::store) const PAGE_ENTRIES: usize = 500;
/// A page ends with the entry that makes it as large as this. It has to fit a frame.
pub(in crate::store) const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Tasks that are read at once at most.
pub(in crate::store) const PAGE_TASKS: usize = 100;

/// Counts what no export carries.
pub(in crate::store) const NOT_CARRIED: &str =
    "SELECT (SELECT count(*) FROM permissions), (SELECT count(*) FROM conflicts)";

/// What a relation of an export is read from, after [`RELATION`]: whether its ends are active, and whether they have
/// one of the tags; the conditions say that of an end.
pub(in crate::store) fn exported_relation(source_is_tagged: &str, target_is_tagged: &str) -> String {
    format!(
        "SELECT {RELATION}, coalesce(se.is_active, TRUE), coalesce(te.is_active, TRUE), \
         (r.source_entry IS NULL OR {source_is_tagged}), (r.target_entry IS NULL OR {target_is_tagged}) \
         FROM relations r {ENDS}"
    )
}
/// Where what follows [`RELATION`] begins.
pub(in crate::store) const RELATION_COUNT: usize = 15;

/// What is selected of the scopes of a level, `s` in it, and from where; of the global one nothing is.
pub(in crate::store) fn described(level: ScopeLevel) -> Option<String> {
    Some(match level {
        ScopeLevel::Global => return None,
        ScopeLevel::Org => {
            "s.id, o.name, o.metadata, o.created_at_ms FROM orgs o JOIN scopes s ON s.key = o.scope"
                .to_owned()
        }
        ScopeLevel::Project => format!(
            "{PROJECT} FROM projects p JOIN scopes s ON s.key = p.scope LEFT JOIN scopes o ON o.key = p.org"
        ),
        ScopeLevel::Session => format!(
            "{SESSION} FROM sessions n JOIN scopes s ON s.key = n.scope LEFT JOIN scopes p ON p.key = n.project"
        ),
    })
}

/// An entry and its earlier versions, oldest first, as it is carried.
pub(in crate::store) fn portable(entry: Entry, earlier: Vec<Version>) -> PortableEntry {
    let current = entry.version;
    PortableEntry {
        id: Some(entry.id),
        scope: entry.scope,
        name: entry.name,
        category: entry.category,
        tags: entry.tags,
        metadata: entry.metadata,
        is_active: entry.is_active,
        created_at_ms: Some(entry.created_at_ms),
        created_by: entry.created_by,
        updated_at_ms: Some(entry.updated_at_ms),
        updated_by: entry.updated_by,
        versions: earlier.into_iter().chain([current]).map(portable_version).collect(),
    }
}

fn portable_version(version: Version) -> PortableVersion {
    PortableVersion {
        id: Some(version.id),
        number: version.number,
        body: version.body,
        created_at_ms: Some(version.created_at_ms),
        created_by: version.created_by,
        change_reason: version.change_reason,
        conflict: version.conflict,
    }
}

/// How much of a page an entry takes, in bytes, roughly.
pub(in crate::store) fn weight(entry: &PortableEntry) -> usize {
    const OTHER: usize = 200;
    let versions: usize = entry.versions.iter().map(|version| OTHER + body_weight(&version.body)).sum();
    versions + OTHER + entry.name.len() + entry.metadata.as_ref().map_or(0, |json| json.0.len())
}

/// How much of a page a task takes, in bytes, roughly.
pub(in crate::store) fn task_weight(task: &PortableTask) -> usize {
    const OTHER: usize = 400;
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let details = &task.task.details;
    let earlier = task
        .earlier
        .iter()
        .map(|version| OTHER + version.title.len() + text(&version.description) + text(&version.resolution));
    let metadata = details.metadata.as_ref().map_or(0, |json| json.0.len());
    OTHER
        + details.title.len()
        + text(&details.description)
        + text(&details.resolution)
        + metadata
        + earlier.sum::<usize>()
}

fn body_weight(body: &EntryBody) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let json = |json: &Option<Json>| json.as_ref().map_or(0, |json| json.0.len());
    body.text().len()
        + match body {
            EntryBody::Guideline { rationale, examples, verification_rules, .. } => {
                text(rationale) + json(examples) + json(verification_rules)
            }
            EntryBody::Knowledge { source, .. } => text(source),
            EntryBody::Tool { parameters, examples, constraints, .. } => {
                json(parameters) + json(examples) + text(constraints)
            }
        }
}
