//! What became of an import or an export, in words.

use std::fmt::Write as _;

use agent_memory_proto::response::{ExtraCount, ImportOutcome, ImportReport};

use super::{Exported, Imported};

/// As [`import_report`], with what was beside the entries.
#[must_use]
pub fn import_outcome(outcome: &ImportOutcome) -> String {
    let mut text = report_with(&outcome.report, &outcome.extras);
    let left_out = relations_left_out(outcome);
    for (number, what) in [
        (left_out, "relations were left out: an end of each is neither in the store nor in the import"),
        (
            outcome.task_links_left_out,
            "parents and blockers of tasks were left out: they are neither in the store nor in the import",
        ),
        (outcome.relations_removed, "relations went with the entries that were replaced"),
    ] {
        if number > 0 {
            let _ = write!(text, "\n{number} {what}");
        }
    }
    text
}

/// Relations of which an end is nowhere.
#[must_use]
pub fn relations_left_out(outcome: &ImportOutcome) -> u64 {
    outcome.extras.iter().map(|count| count.left_out).sum()
}

/// The figures, the scopes that were created, and every refusal with its position.
#[must_use]
pub fn import_report(report: &ImportReport) -> String {
    report_with(report, &[])
}

fn report_with(report: &ImportReport, extras: &[ExtraCount]) -> String {
    let mut text = match (report.applied, report.refused_total) {
        (true, _) => "Imported".to_owned(),
        (false, 0) => "A trial, nothing was stored. It would be".to_owned(),
        (false, refused) => {
            format!("Nothing was stored: {refused} of the entries are refused. Without them it would be")
        }
    };
    let separator = if report.applied { ':' } else { ' ' };
    text.push(separator);
    let entries = report
        .counts
        .iter()
        .map(|count| (count.kind.plural(), [count.created, count.updated, count.replaced, count.skipped]));
    let extras = extras
        .iter()
        .map(|count| (count.kind.name(), [count.created, count.updated, count.replaced, count.skipped]));
    let mut counts = Vec::new();
    for (kind, figures) in entries.chain(extras) {
        let words = ["created", "updated", "replaced", "skipped"];
        let figures: Vec<String> = figures
            .into_iter()
            .zip(words)
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !figures.is_empty() {
            counts.push(format!("{kind} {}", figures.join(", ")));
        }
    }
    let counts = if counts.is_empty() { "no entries".to_owned() } else { counts.join("; ") };
    let _ = write!(text, "{}{counts}", if report.applied { " " } else { "" });
    if report.created_scopes_total > 0 {
        let scopes: Vec<String> = report.created_scopes.iter().map(ToString::to_string).collect();
        let _ = write!(text, "\nCreated {} scopes: {}", report.created_scopes_total, scopes.join(", "));
    }
    for refusal in &report.refusals {
        let _ = write!(text, "\n{} ({}): {}", one_line(&refusal.at), one_line(&refusal.name), refusal.error);
    }
    let untold = report.refused_total.saturating_sub(report.refusals.len() as u64);
    if untold > 0 {
        let _ = write!(text, "\nand {untold} more");
    }
    text
}

/// What of a source did not get to the daemon.
#[must_use]
pub fn import_notes(imported: &Imported) -> Vec<String> {
    let notes = [
        (
            imported.relations_left_out,
            "relations were not imported: they do not say by ids what they are between",
        ),
        (
            imported.extras_left_out,
            "tags, tasks and relations were not imported: the daemon is older than this program",
        ),
    ];
    notes
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect()
}

/// How much an export has.
#[must_use]
pub fn exported(exported: &Exported) -> String {
    let Exported { entries, tags, tasks, relations, .. } = exported;
    format!("{entries} entries, {tags} tags, {tasks} tasks and {relations} relations")
}

/// What an export does not have.
#[must_use]
pub fn export_notes(exported: &Exported) -> Vec<String> {
    let mut notes = Vec::new();
    if exported.relations_left_out > 0 {
        let number = exported.relations_left_out;
        notes.push(format!("{number} relations were left out: one of their ends is not in the export"));
    }
    if exported.without_place > 0 {
        let number = exported.without_place;
        notes.push(format!(
            "{number} tags, tasks and relations were left out: the format has no place for them"
        ));
    }
    if exported.is_of_entries_only {
        notes.push(
            "tags, tasks and relations were left out: the daemon is older than this program".to_owned(),
        );
    }
    notes.push(match exported.not_carried {
        Some(stored) => format!(
            "permissions ({}) and the list of conflicts ({}) are not carried",
            stored.permissions, stored.conflicts
        ),
        None => "permissions and the list of conflicts are not carried".to_owned(),
    });
    notes
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}
