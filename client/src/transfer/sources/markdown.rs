//! A folder of Markdown, or one file: each file becomes a knowledge entry, or one for each of its
//! top headings when it is large.

use std::path::Path;

use agent_memory_proto::{ErrorBody, model::EntryKind};
use serde_json::Value;

use super::{
    files::{self, Found, Reader},
    front_matter::{self, Document},
    gathered::{Gathered, Position, SourceEntry},
    sections::{dividing_level, sections},
};

const SOURCE: &str = "markdown";
/// A file with more characters is divided at its headings.
const WHOLE_CHARS_MAX: usize = 8_000;

/// Reads a file, or every Markdown file below a folder.
pub(super) fn gather(path: &Path) -> Result<Gathered, ErrorBody> {
    let mut gathered = Gathered::default();
    let found = if files::is_folder(path)? {
        files::markdown_files(path, "", &mut gathered)?
    } else {
        vec![Found::named(path)]
    };
    if found.is_empty() && gathered.refused.is_empty() {
        return Err(ErrorBody::invalid(
            "path",
            path.display(),
            "a folder with files that end in .md or .markdown",
        ));
    }
    let mut reader = Reader::new();
    for found in found {
        let Some(text) = reader.text(&found, &mut gathered)? else { continue };
        match front_matter::divide(&text) {
            Ok(document) if document.body.trim().is_empty() => {
                gathered.note(files::start(&found.label), "left out: it has no text");
            }
            Ok(document) => gathered.entries.extend(entries(&found.label, &document)),
            Err((line, reason)) => gathered.refuse(Position { file: found.label, line }, reason),
        }
    }
    Ok(gathered)
}

fn entries(label: &str, document: &Document<'_>) -> Vec<SourceEntry> {
    let front = &document.front;
    let title = front.title.as_deref().or(front.name.as_deref()).unwrap_or_else(|| stem(label));
    let entry = |name: &str, text: &str, line: usize| {
        let position = Position { file: label.to_owned(), line: document.line - 1 + line };
        let mut entry = SourceEntry::new(SOURCE, EntryKind::Knowledge, name, text.to_owned(), position);
        entry.category = Some("reference".to_owned());
        front.category.iter().for_each(|word| entry.categorise(word));
        front.tags.iter().for_each(|tag| entry.tag(tag.trim_start_matches('#')));
        let mut rest = front.rest.clone();
        for (field, text) in [("description", &front.description), ("type", &front.kind)] {
            rest.extend(text.iter().map(|text| (field.to_owned(), Value::from(text.as_str()))));
        }
        if !rest.is_empty() {
            entry.metadata.insert("frontMatter".to_owned(), Value::Object(rest));
        }
        entry
    };
    let body = document.body;
    let is_large = body.chars().nth(WHOLE_CHARS_MAX).is_some();
    let Some(level) = dividing_level(body).filter(|_| is_large) else {
        return vec![entry(title, body.trim(), 1)];
    };
    let sections = sections(body, level).into_iter();
    let named = sections.map(|section| match section.path.join(" > ") {
        path if path.is_empty() => entry(title, section.text, section.line),
        path => entry(&format!("{title}: {path}"), section.text, section.line),
    });
    named.collect()
}

/// The name without what makes it Markdown.
fn stem(label: &str) -> &str {
    label.rsplit_once('.').map_or(label, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::{files::folder_of, *};

    #[test]
    fn files_become_entries_named_by_front_matter_or_path() {
        let root = folder_of(&[
            ("adr/0001.md", include_str!("samples/adr.md")),
            ("deploy.md", "# Deploying\n\nFirst staging.\n\n# Then\n\nproduction\n"),
            ("empty.md", "---\ntitle: nothing\n---\n\n"),
            ("web/deploy.md", "---\ntitle: Deploy\ntags: '#web, ops'\ncategory: runbook\n---\nPush.\n"),
            ("web/other.md", "---\ntitle: Deploy\n---\nPull.\n"),
        ]);
        let gathered = gather(root.path()).expect("readable").settled();
        let names: Vec<_> = gathered.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["One queue for invoices", "deploy", "Deploy", "Deploy (2)"]);
        let adr = &gathered.entries[0];
        assert_eq!(
            (adr.category.as_deref(), adr.tags.join(",")),
            (Some("decision"), "markdown,adr,queue".to_owned())
        );
        assert_eq!(adr.metadata["frontMatter"]["status"], "accepted");
        assert_eq!(adr.metadata["importedFrom"]["file"], "adr/0001.md");
        assert!(adr.content.starts_with("# One queue for invoices\n"));
        assert_eq!(gathered.entries[1].content, "# Deploying\n\nFirst staging.\n\n# Then\n\nproduction");
        assert_eq!(gathered.entries[2].tags, ["markdown", "runbook", "web", "ops"]);
        assert_eq!(gathered.entries[2].category.as_deref(), Some("reference"));
        assert_eq!(gathered.notes[0].to_string(), "empty.md:1: left out: it has no text");
    }

    #[test]
    fn a_large_file_is_divided_at_its_top_headings() {
        let long = "word ".repeat(WHOLE_CHARS_MAX / 5);
        let text = format!(
            "---\ntitle: Guide\n---\n# Guide\n\nAbout.\n\n## One\n\n{long}\n\n### Deep\n\nx\n\n## Two\n\ny\n"
        );
        let root = folder_of(&[("guide.md", &text)]);
        let gathered = gather(&root.path().join("guide.md")).expect("readable").settled();
        let names: Vec<_> =
            gathered.entries.iter().map(|entry| (entry.name.as_str(), entry.position.line)).collect();
        assert_eq!(names, [("Guide", 4), ("Guide: One", 8), ("Guide: Two", 16)]);
        assert!(gathered.entries[1].content.ends_with("### Deep\n\nx"));
    }

    #[test]
    fn the_same_folder_gives_the_same_again() {
        let root = folder_of(&[("b.md", "b"), ("a/c.md", "c"), ("a.md", "a")]);
        assert_eq!(gather(root.path()), gather(root.path()));
        assert!(gather(&root.path().join("none")).is_err());
        assert!(gather(tempfile::tempdir().expect("empty").path()).is_err());
    }
}
