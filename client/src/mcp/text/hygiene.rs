//! What makes room for other entries, what says the same, and what is forgotten.

use std::fmt::Write as _;

use agent_memory_proto::{
    request::ConsolidateAction,
    response::{Consolidated, EntryAdded, Forgotten, RememberedInstead, TidiedEntry, Written},
};

use super::{RECALLED, when, written};
use crate::mcp::names::Names;

/// A new entry, with what it superseded and what may say the same.
pub(super) fn added(report: &EntryAdded, names: &Names) -> String {
    let mut out = written::one(&report.written, names);
    superseded(&mut out, &report.superseded);
    written::similar(&mut out, &report.similar, names);
    out
}

pub(super) fn remembered(report: &RememberedInstead, names: &Names) -> String {
    let mut out = written::remembered(&report.remembered, names);
    superseded(&mut out, &report.superseded);
    out
}

fn superseded(out: &mut String, all: &[Written]) {
    for one in all {
        let _ = write!(
            out,
            "\nIt supersedes the {} {:?} (id {}), which is hidden now.",
            one.kind, one.name, one.id
        );
    }
}

pub(super) fn consolidated(report: &Consolidated, names: &Names) -> String {
    let place = names.label(report.scope);
    let (found, what) = match report.action {
        ConsolidateAction::ArchiveStale => {
            (report.stale.len(), format!("stale entries (unchanged for {} days)", report.stale_days))
        }
        _ => (
            report.groups.len(),
            format!("groups of entries at least {:.0} % alike", report.threshold * 100.0),
        ),
    };
    let done = outcome(
        report.dry_run,
        match report.action {
            ConsolidateAction::FindSimilar => None,
            ConsolidateAction::Dedupe => Some("the best of each stays and supersedes the others"),
            ConsolidateAction::Merge => {
                Some("the best of each takes what only the others say, and supersedes them")
            }
            ConsolidateAction::ArchiveStale => Some("they are hidden"),
        },
    );
    let mut out = format!("{RECALLED} {found} {what} in {place}, of {} looked at{done}", report.examined);
    for (index, group) in report.groups.iter().enumerate() {
        let _ = write!(out, "\n{}. best: ", index + 1);
        line(&mut out, &group.best);
        for other in &group.others {
            let _ = write!(out, "\n   - {:.0} % alike: ", other.similarity * 100.0);
            line(&mut out, other);
        }
        if let Some(taken) = &group.taken {
            let _ = write!(out, "\n   taken: {taken}");
        }
        if let Some(reason) = &group.left_alone {
            let _ = write!(out, "\n   left alone: {reason}");
        }
    }
    entries(&mut out, &report.stale);
    end(&mut out, report.protected, report.next_cursor.as_deref());
    out
}

pub(super) fn forgotten(report: &Forgotten, names: &Names) -> String {
    let done = outcome(report.dry_run, Some("they are hidden"));
    let mut out = format!(
        "{RECALLED} {} entries fit the rule {} in {}, of {} looked at{done}",
        report.entries.len(),
        report.strategy,
        names.label(report.scope),
        report.examined
    );
    entries(&mut out, &report.entries);
    end(&mut out, report.protected, report.next_cursor.as_deref());
    out
}

fn outcome(dry_run: bool, done: Option<&str>) -> String {
    match (dry_run, done) {
        (_, None) => ":".to_owned(),
        (true, Some(done)) => format!(". Nothing was changed; with dryRun false {done}:"),
        (false, Some(done)) => format!("; {done}:"),
    }
}

fn entries(out: &mut String, all: &[TidiedEntry]) {
    for entry in all {
        out.push_str("\n- ");
        line(out, entry);
    }
}

fn end(out: &mut String, protected: u64, next_cursor: Option<&str>) {
    if protected > 0 {
        let _ = write!(out, "\n{protected} more are protected by their priority.");
    }
    if let Some(cursor) = next_cursor {
        let _ = write!(out, "\nNot everything was looked at: go on with cursor {cursor}");
    }
}

fn line(out: &mut String, entry: &TidiedEntry) {
    let _ = write!(out, "{} {:?} (id {}, version {})", entry.kind, entry.name, entry.id, entry.version);
    if let Some(priority) = entry.priority {
        let _ = write!(out, " · priority {priority}");
    }
    if let Some(confidence) = entry.confidence {
        let _ = write!(out, " · confidence {confidence}");
    }
    let _ = write!(out, " · {}", when(entry.updated_at_ms));
}
