//! What became of an import, in words.

use std::fmt::Write as _;

use agent_memory_proto::response::ImportReport;

/// The figures, the scopes that were created, and every refusal with its position.
#[must_use]
pub fn import_report(report: &ImportReport) -> String {
    let mut text = match (report.applied, report.refused_total) {
        (true, _) => "Imported".to_owned(),
        (false, 0) => "A trial, nothing was stored. It would be".to_owned(),
        (false, refused) => {
            format!("Nothing was stored: {refused} of the entries are refused. Without them it would be")
        }
    };
    let separator = if report.applied { ':' } else { ' ' };
    text.push(separator);
    let mut counts = Vec::new();
    for count in &report.counts {
        let kind = count.kind.plural();
        let figures = [
            (count.created, "created"),
            (count.updated, "updated"),
            (count.replaced, "replaced"),
            (count.skipped, "skipped"),
        ];
        let figures: Vec<String> = figures
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        counts.push(format!("{kind} {}", figures.join(", ")));
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

/// That relations were left out, if some were.
#[must_use]
pub fn relations_left_out(relations: u64) -> Option<String> {
    (relations > 0)
        .then(|| format!("{relations} relations were not imported: imports and exports do not carry them"))
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}
