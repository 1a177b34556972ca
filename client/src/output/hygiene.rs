//! What makes room for other entries, what says the same, and what is forgotten, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::Project,
    request::ConsolidateAction,
    response::{Consolidated, EntryAdded, Forgotten, RememberedInstead, TidiedEntry, Written},
};

use super::{
    style::{Style, first_line, scope},
    writes,
};

pub(crate) fn added(style: Style, report: &EntryAdded, project: Option<&Project>) -> String {
    let text = writes::written(style, &report.written, project);
    text + &superseded(&report.superseded) + &writes::similar(&report.similar, project)
}

pub(crate) fn remembered(style: Style, report: &RememberedInstead, project: Option<&Project>) -> String {
    writes::remembered(style, &report.remembered, project) + &superseded(&report.superseded)
}

fn superseded(all: &[Written]) -> String {
    let line =
        |one: &Written| format!("\n  supersedes {} {:?}, hidden now, id {}", one.kind, one.name, one.id);
    all.iter().map(line).collect()
}

pub(crate) fn consolidated(style: Style, report: &Consolidated, project: Option<&Project>) -> String {
    let place = scope(report.scope, project);
    if report.action == ConsolidateAction::ArchiveStale {
        let heading = format!("{} in {place}", counted(report.stale.len(), "stale entry", "stale entries"));
        return listed(style, &heading, &report.stale, Ending::of_consolidated(report));
    }
    let mut text = format!("{} in {place}", counted(report.groups.len(), "group", "groups"));
    for group in &report.groups {
        let all: Vec<&TidiedEntry> = std::iter::once(&group.best).chain(&group.others).collect();
        text.push_str(&format!("\n\n{}", table(style, all.into_iter())));
        for (label, value) in [("taken", &group.taken), ("left alone", &group.left_alone)] {
            if let Some(value) = value {
                text.push_str(&format!("\n  {label}: {value}"));
            }
        }
    }
    text + &Ending::of_consolidated(report).text(style)
}

pub(crate) fn forgotten(style: Style, report: &Forgotten, project: Option<&Project>) -> String {
    let heading = format!(
        "{} in {} by the rule {}",
        counted(report.entries.len(), "entry", "entries"),
        scope(report.scope, project),
        report.strategy
    );
    let ending = Ending {
        would_be_done: report.dry_run,
        hidden: report.entries.len(),
        protected: report.protected,
        next_cursor: report.next_cursor.as_deref(),
    };
    listed(style, &heading, &report.entries, ending)
}

fn listed(style: Style, heading: &str, entries: &[TidiedEntry], ending: Ending<'_>) -> String {
    let rows = if entries.is_empty() { String::new() } else { format!("\n{}", table(style, entries.iter())) };
    format!("{heading}{rows}{}", ending.text(style))
}

fn table<'a>(style: Style, entries: impl Iterator<Item = &'a TidiedEntry>) -> String {
    let rows = entries.map(|entry| {
        let rank = entry.priority.map(|priority| priority.to_string());
        let rank = rank.or_else(|| entry.confidence.map(|confidence| confidence.to_string()));
        let alike =
            if entry.similarity > 0.0 { format!("{:.0} %", entry.similarity * 100.0) } else { String::new() };
        vec![
            entry.id.to_string(),
            entry.kind.name().to_owned(),
            first_line(&entry.name, 50),
            rank.unwrap_or_default(),
            times::format(entry.updated_at_ms),
            alike,
        ]
    });
    style.table(&["id", "kind", "name", "rank", "changed", "alike"], rows)
}

/// What stands below what was found.
struct Ending<'a> {
    would_be_done: bool,
    /// Entries that are hidden, or would be.
    hidden: usize,
    protected: u64,
    next_cursor: Option<&'a str>,
}

impl<'a> Ending<'a> {
    fn of_consolidated(report: &'a Consolidated) -> Self {
        Self {
            hidden: report.hidden(),
            would_be_done: report.dry_run && report.action != ConsolidateAction::FindSimilar,
            protected: report.protected,
            next_cursor: report.next_cursor.as_deref(),
        }
    }

    fn text(&self, style: Style) -> String {
        let mut text = String::new();
        if self.protected > 0 {
            text.push_str(&format!("\n{} more are protected by their priority", self.protected));
        }
        if let Some(cursor) = self.next_cursor {
            text.push_str(&format!("\nNot everything was looked at; go on with --cursor {cursor}"));
        }
        let hidden = counted(self.hidden, "entry", "entries");
        match (self.would_be_done, self.hidden) {
            (true, 0) => text.push_str("\nNothing to do"),
            (true, _) => {
                let told = format!("Nothing was changed; --apply hides {hidden}");
                text.push_str(&format!("\n{}", style.dim(&told)));
            }
            (false, 0) => {}
            (false, _) => text.push_str(&format!("\nHidden now: {hidden}; get and history show them still")),
        }
        text
    }
}

fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
