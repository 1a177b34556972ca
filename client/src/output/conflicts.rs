//! Conflicts, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{Conflict, ConflictSide, Project, Version},
    response::{ConflictDetails, ConflictPage, ConflictResolved},
};

use super::{
    style::{Style, first_line, more, scope},
    tables::fields,
};

pub(crate) fn page(style: Style, page: &ConflictPage) -> String {
    let rows = page.conflicts.iter().map(|conflict| {
        vec![
            conflict.id.to_string(),
            conflict.kind.name().to_owned(),
            first_line(&conflict.entry_name, 50),
            side(&conflict.first),
            side(&conflict.second),
            times::format(conflict.detected_at_ms),
            conflict.resolution.as_deref().map_or_else(String::new, |text| first_line(text, 40)),
        ]
    });
    style.table(&["id", "kind", "entry", "a", "b", "at", "resolution"], rows) + more(page.has_more)
}

pub(crate) fn details(style: Style, report: &ConflictDetails, project: Option<&Project>) -> String {
    let mut text = one(style, &report.conflict, project);
    for (label, version) in [("a", &report.first), ("b", &report.second)] {
        let body = version.as_ref().map_or("(no longer kept)", |Version { body, .. }| body.text());
        text.push_str(&format!("\n\n{}\n{body}", style.bold(label)));
    }
    text
}

pub(crate) fn resolved(style: Style, report: &ConflictResolved, project: Option<&Project>) -> String {
    let mut text = format!("resolved {}", one(style, &report.conflict, project));
    if let Some(written) = &report.written {
        text.push_str(&format!("\n  its entry is at version {} now", written.version));
    }
    text
}

fn one(style: Style, conflict: &Conflict, project: Option<&Project>) -> String {
    fields(
        style,
        &format!("conflict of {} {}", conflict.kind, style.bold(&conflict.entry_name)),
        &[
            ("id", Some(conflict.id.to_string())),
            ("entry", Some(conflict.entry_id.to_string())),
            ("scope", Some(scope(conflict.scope, project))),
            ("version now", Some(conflict.entry_version.to_string())),
            ("a", Some(side(&conflict.first))),
            ("b", Some(side(&conflict.second))),
            ("at", Some(times::format(conflict.detected_at_ms))),
            ("resolved", conflict.resolved_at_ms.map(times::format)),
            ("by", conflict.resolved_by.clone()),
            ("how", conflict.resolution.clone()),
        ],
    )
}

fn side(side: &ConflictSide) -> String {
    match &side.by {
        Some(by) => format!("version {} by {by}", side.version),
        None => format!("version {}", side.version),
    }
}
