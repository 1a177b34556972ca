//! Writes the document as Markdown.

use std::io::{self, Write};

use agent_memory_proto::{
    model::{PortableEntry, PortableExtra, PortableScope},
    request::ExportPage,
    response::ExportedPage,
};

use super::{TEXTS, is_heading, is_plain};
use crate::transfer::{
    document::{self, Fields, Lists},
    export::ExportWriter,
    yaml,
};

/// Writes the document as Markdown, for people to read and for an import.
#[derive(Debug)]
pub struct MarkdownWriter<W: Write> {
    out: W,
    lists: Lists,
}

impl<W: Write> MarkdownWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, lists: Lists::default() }
    }

    /// Begins every list up to that of the name.
    fn go_to(&mut self, list: &str) -> io::Result<()> {
        while let Some((_, _, next)) = self.lists.next_towards(list) {
            let (first, rest) = next.split_at(1);
            write!(self.out, "\n## {}{rest}\n", first.to_uppercase())?;
        }
        Ok(())
    }

    fn block(&mut self, info: &str, text: &str) -> io::Result<()> {
        let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
        let newline = if text.ends_with('\n') && info == YAML { "" } else { "\n" };
        write!(self.out, "\n{fence}{info}\n{text}{newline}{fence}\n")
    }

    fn scope(&mut self, scope: &PortableScope) -> io::Result<()> {
        self.go_to(document::level_list(scope.scope().level))?;
        let name = match scope {
            PortableScope::Org(org) => Some(org.name.as_str()),
            PortableScope::Project(project) => Some(project.name.as_str()),
            PortableScope::Session(session) => session.name.as_deref(),
        };
        let id = scope.scope().id.map(|id| id.to_string()).unwrap_or_default();
        write!(self.out, "\n### {}\n", shown(name.unwrap_or(&id)))?;
        self.block(YAML, &yaml::text(&document::scope_value(scope).present())?)
    }

    fn entry(&mut self, entry: &PortableEntry) -> io::Result<()> {
        let Some(kind) = entry.kind() else { return Ok(()) };
        self.go_to(kind.plural())?;
        let mut fields = document::entry_head(entry).present();
        // The heading says it already.
        fields.take_text(kind.name_field(), is_heading);
        if !entry.tags.is_empty() {
            fields.put("tags", &entry.tags);
        }
        let mut versions = document::entry_versions(entry);
        let mut current = versions.pop().unwrap_or_default().present();
        let text = take_text(&mut current);
        fields.put_object("currentVersion", current);
        write!(self.out, "\n### {}\n", shown(&entry.name))?;
        self.block(YAML, &yaml::text(&fields)?)?;
        self.text(text)?;
        for version in versions {
            let mut version = version.present();
            let text = take_text(&mut version);
            self.out.write_all(b"\n#### Earlier version\n")?;
            self.block(YAML, &yaml::text(&version)?)?;
            self.text(text)?;
        }
        Ok(())
    }

    /// A tag, a task or a relation: its name, and a block with all of its fields.
    fn extra(&mut self, extra: &PortableExtra) -> io::Result<()> {
        self.go_to(extra.kind().name())?;
        write!(self.out, "\n### {}\n", shown(&extra.name()))?;
        self.block(YAML, &yaml::text(&document::extra_value(extra).present())?)
    }

    fn text(&mut self, text: Option<(&str, String)>) -> io::Result<()> {
        match text {
            Some((field, text)) => self.block(&format!("markdown {field}"), &text),
            None => Ok(()),
        }
    }
}

const YAML: &str = "yaml";

impl<W: Write + Send> ExportWriter for MarkdownWriter<W> {
    fn begin(&mut self, request: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()> {
        self.lists = Lists::of(request);
        self.out.write_all(b"# Memory\n")?;
        self.block(YAML, &yaml::text(&document::head(request, changed_at_ms).present())?)
    }

    fn page(&mut self, page: &ExportedPage) -> io::Result<()> {
        page.scopes.iter().try_for_each(|scope| self.scope(scope))?;
        page.entries.iter().try_for_each(|entry| self.entry(entry))
    }

    fn extras(&mut self, extras: &[PortableExtra]) -> io::Result<bool> {
        extras.iter().try_for_each(|extra| self.extra(extra))?;
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(last) = self.lists.last() {
            self.go_to(last)?;
        }
        self.out.flush()
    }
}

fn take_text(version: &mut Fields) -> Option<(&'static str, String)> {
    TEXTS.into_iter().find_map(|field| Some((field, version.take_text(field, is_plain)?)))
}

/// A name as a heading; what Markdown would take for something else is escaped.
fn shown(name: &str) -> String {
    if is_heading(name) {
        return name.to_owned();
    }
    let mut shown = String::new();
    for c in name.chars() {
        match c {
            '\\' | '`' | '*' | '<' | '>' | '[' | ']' | '&' | '#' => shown.extend(['\\', c]),
            _ if c.is_control() || c.is_whitespace() => shown.push(' '),
            _ => shown.push(c),
        }
    }
    match shown.trim() {
        "" => "(no name)".to_owned(),
        shown => shown.to_owned(),
    }
}

fn longest_run(text: &str, of: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
