//! Entries, lists of them, and their history.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    model::{Entry, EntryBody, Json, Version},
    response::{EntryPage, History},
};

use super::{RECALLED, more, one_line, part, provenance, quote, tags, when};
use crate::mcp::names::Names;

/// One entry, whole.
pub(super) fn one(entry: &Entry, names: &Names) -> String {
    let mut out = format!("{RECALLED}\n");
    line(&mut out, entry, names);
    body(&mut out, &entry.version.body);
    json(&mut out, "metadata", entry.metadata.as_ref());
    out
}

/// A list of entries with their bodies.
pub(super) fn page(request: &Request, page: &EntryPage, names: &Names) -> String {
    let (kinds, scope, next) = match request {
        Request::ListEntries(list) => {
            let next = list.offset.saturating_add(list.limit);
            (list.kind.plural(), list.scope.map(|scope| names.label(scope)), next)
        }
        _ => ("entries", None, 0),
    };
    let place = scope.unwrap_or_else(|| "every scope".to_owned());
    if page.entries.is_empty() {
        return format!("No {kinds} in {place}.");
    }
    let mut out = format!("{RECALLED} {} of the {kinds} in {place}:", page.entries.len());
    for entry in &page.entries {
        out.push('\n');
        line(&mut out, entry, names);
        body(&mut out, &entry.version.body);
    }
    more(&mut out, page.has_more, &format!("offset {next}"));
    out
}

/// The versions of an entry, newest first.
pub(super) fn history(history: &History) -> String {
    let mut out = format!("{RECALLED} Versions of {} {}, newest first:", history.kind, history.entry_id);
    for version in &history.versions {
        version_line(&mut out, version);
        body(&mut out, &version.body);
    }
    more(&mut out, history.has_more, "give offset");
    out
}

fn line(out: &mut String, entry: &Entry, names: &Names) {
    let _ = write!(
        out,
        "- {} {:?} (id {}, version {})",
        entry.kind(),
        entry.name,
        entry.id,
        entry.version.number
    );
    part(out, "", Some(&names.label(entry.scope)));
    if let EntryBody::Guideline { priority, .. } = entry.version.body {
        let _ = write!(out, " · priority {priority}");
    }
    part(out, "", entry.category.as_deref());
    tags(out, &entry.tags);
    provenance(out, entry.updated_by.as_deref().or(entry.created_by.as_deref()), entry.updated_at_ms);
    if !entry.is_active {
        out.push_str(" · deactivated");
    }
    if entry.version.conflict {
        out.push_str(" · conflict: two agents changed it at the same time");
    }
}

fn version_line(out: &mut String, version: &Version) {
    let _ = write!(out, "\n- version {}", version.number);
    provenance(out, version.created_by.as_deref(), version.created_at_ms);
    part(out, "because: ", version.change_reason.as_deref());
    if version.conflict {
        out.push_str(" · conflict");
    }
}

fn body(out: &mut String, body: &EntryBody) {
    quote(out, body.text());
    match body {
        EntryBody::Guideline { rationale, examples, verification_rules, .. } => {
            field(out, "rationale", rationale.as_deref());
            json(out, "examples", examples.as_ref());
            json(out, "verificationRules", verification_rules.as_ref());
        }
        EntryBody::Knowledge {
            confidence, source, valid_from_ms, valid_until_ms, invalidated_by, ..
        } => {
            if *confidence < 1.0 {
                let _ = write!(out, "\n  confidence {confidence}");
            }
            field(out, "source", source.as_deref());
            field(out, "validFrom", valid_from_ms.map(when).as_deref());
            field(out, "validUntil", valid_until_ms.map(when).as_deref());
            field(out, "invalidatedBy", invalidated_by.map(|id| id.to_string()).as_deref());
        }
        EntryBody::Tool { parameters, examples, constraints, .. } => {
            json(out, "parameters", parameters.as_ref());
            json(out, "examples", examples.as_ref());
            field(out, "constraints", constraints.as_deref());
        }
    }
}

/// A short stored text beside the body.
fn field(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(out, "\n  {name}: {}", one_line(value));
    }
}

fn json(out: &mut String, name: &str, value: Option<&Json>) {
    field(out, name, value.map(|json| json.0.as_str()));
}
