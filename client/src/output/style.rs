//! Colours and tables: colours only on a terminal, and never under `NO_COLOR`.

use agent_memory_proto::model::{Project, ScopeLevel, ScopeRef};
use comfy_table::{ContentArrangement, Table, presets};
use owo_colors::OwoColorize;

/// How text is decorated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Whether there are colours.
    pub(crate) colour: bool,
    /// Whether stdout is a terminal.
    pub(crate) is_terminal: bool,
}

impl Style {
    /// The style that stdout and the environment ask for.
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = super::stdout_is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colour: is_terminal && !set("NO_COLOR") && !is_dumb, is_terminal }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        if self.colour { text.bold().to_string() } else { text.to_owned() }
    }

    pub(crate) fn dim(self, text: &str) -> String {
        if self.colour { text.dimmed().to_string() } else { text.to_owned() }
    }

    pub(crate) fn good(self, text: &str) -> String {
        if self.colour { text.green().to_string() } else { text.to_owned() }
    }

    pub(crate) fn doubtful(self, text: &str) -> String {
        if self.colour { text.yellow().to_string() } else { text.to_owned() }
    }

    pub(crate) fn bad(self, text: &str) -> String {
        if self.colour { text.red().to_string() } else { text.to_owned() }
    }

    /// A table without lines; columns are fitted to a terminal and left as they are in a pipe.
    pub(crate) fn table(self, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(if self.is_terminal {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        table.set_header(header.iter().map(|name| self.bold(name)).collect::<Vec<_>>());
        table.add_rows(rows);
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

/// A scope for people: the known project by its name.
pub(crate) fn scope(scope: ScopeRef, project: Option<&Project>) -> String {
    match project {
        Some(project) if scope.level == ScopeLevel::Project && scope.id == Some(project.id) => {
            format!("project {}", project.name)
        }
        _ => scope.to_string(),
    }
}

/// One line of a text, cut to so many characters.
pub(crate) fn first_line(text: &str, chars_max: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if text.lines().nth(1).is_some() => format!("{line} …"),
        None => line.to_owned(),
    }
}

/// What follows a list that is not complete.
pub(crate) fn more(has_more: bool) -> &'static str {
    if has_more { "\nmore follow: ask with --offset" } else { "" }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::Id;

    use super::*;

    const PLAIN: Style = Style { colour: false, is_terminal: false };

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        assert_eq!(PLAIN.bold("x"), "x");
        let coloured = Style { colour: true, is_terminal: true };
        assert_ne!(coloured.bad("x"), "x");
    }

    #[test]
    fn a_table_is_plain_text() {
        let table = PLAIN.table(&["id", "name"], [vec!["1".to_owned(), "shop".to_owned()]]);
        assert_eq!(table.lines().count(), 2);
        assert!(table.contains("shop"), "{table}");
    }

    #[test]
    fn long_and_many_lines_are_cut() {
        assert_eq!(first_line("one\ntwo", 80), "one …");
        assert_eq!(first_line("ééé", 2), "éé…");
    }

    #[test]
    fn a_foreign_scope_keeps_its_id() {
        let foreign = ScopeRef::project(Id([1; 16]));
        assert_eq!(scope(foreign, None), foreign.to_string());
    }
}
