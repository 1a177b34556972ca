//! Conflicts.

use std::fmt::Write as _;

use agent_memory_proto::{
    model::{Conflict, ConflictSide, Version},
    response::{ConflictDetails, ConflictPage, ConflictResolved},
};

use super::{RECALLED, list, one_line, part, quote, when};
use crate::mcp::names::Names;

pub(super) fn page(page: &ConflictPage, names: &Names) -> String {
    let heading = format!("{RECALLED} {} conflicts, latest first:", page.conflicts.len());
    list("No conflicts.", &heading, &page.conflicts, page.has_more, |out, conflict| {
        line(out, conflict, names)
    })
}

pub(super) fn details(report: &ConflictDetails, names: &Names) -> String {
    let mut out = format!("{RECALLED}\n- ");
    line(&mut out, &report.conflict, names);
    for (label, side, version) in
        [('a', &report.conflict.first, &report.first), ('b', &report.conflict.second, &report.second)]
    {
        let _ = write!(out, "\n{label}: ");
        self::side(&mut out, side);
        if let Some(Version { body, .. }) = version {
            quote(&mut out, body.text());
        }
    }
    out
}

pub(super) fn resolved(report: &ConflictResolved, names: &Names) -> String {
    let mut out = "Resolved conflict ".to_owned();
    line(&mut out, &report.conflict, names);
    if let Some(written) = &report.written {
        let _ = write!(out, "\nIts entry is at version {} now.", written.version);
    }
    out
}

fn line(out: &mut String, conflict: &Conflict, names: &Names) {
    let _ = write!(
        out,
        "(id {}) of {} {:?} (id {}, version {}) · {} · a: ",
        conflict.id,
        conflict.kind,
        one_line(&conflict.entry_name),
        conflict.entry_id,
        conflict.entry_version,
        names.label(conflict.scope)
    );
    side(out, &conflict.first);
    out.push_str(" · b: ");
    side(out, &conflict.second);
    if let Some(resolved_at_ms) = conflict.resolved_at_ms {
        let _ = write!(out, " · resolved {}", when(resolved_at_ms));
        part(out, "by ", conflict.resolved_by.as_deref());
        part(out, "how: ", conflict.resolution.as_deref());
    } else {
        out.push_str(" · not resolved");
    }
}

fn side(out: &mut String, side: &ConflictSide) {
    let _ = write!(out, "version {}", side.version);
    if let Some(by) = &side.by {
        let _ = write!(out, " by {}", one_line(by));
    }
    if let Some(at_ms) = side.at_ms {
        let _ = write!(out, " at {}", when(at_ms));
    }
}
