//! Files that tell an agent how to work: `CLAUDE.md`, `AGENTS.md`, and the memory files of Claude
//! Code. Sections become guidelines; a memory file with front matter becomes one entry.

use std::path::Path;

use agent_memory_proto::{ErrorBody, model::EntryKind};
use pulldown_cmark::HeadingLevel;
use serde_json::Value;

use super::{
    files::{self, Found, Reader, start},
    front_matter::{self, Document, FrontMatter},
    gathered::{Gathered, Position, SourceEntry},
    sections::{file_imports, sections},
};

/// Deeper headings stay in the text of their section.
const DEEPEST: HeadingLevel = HeadingLevel::H3;
const CLAUDE_MD: &str = "claude-md";
const CLAUDE_MEMORY: &str = "claude-memory";
const AGENTS_MD: &str = "agents-md";
/// Where Claude Code keeps what it is told, below the folder of a project.
const CLAUDE_FILES: [&str; 3] = ["CLAUDE.md", "CLAUDE.local.md", ".claude/CLAUDE.md"];
const CLAUDE_RULES: &str = ".claude/rules";
/// The file that lists the others in a folder of memory files.
const INDEX: &str = "MEMORY.md";

/// Reads a file or folder of Claude Code.
pub(super) fn gather_claude(path: &Path) -> Result<Gathered, ErrorBody> {
    let mut gathered = Gathered::default();
    if !files::is_folder(path)? {
        let found = Found::named(path);
        let source = if found.label == INDEX { CLAUDE_MEMORY } else { CLAUDE_MD };
        read_all(source, vec![found], &mut gathered)?;
        return Ok(gathered);
    }
    if path.join(INDEX).is_file() || path.file_name().is_some_and(|name| name == "memory") {
        let found = files::markdown_files(path, "", &mut gathered)?;
        read_all(CLAUDE_MEMORY, found, &mut gathered)?;
        return Ok(gathered);
    }
    let mut found: Vec<Found> =
        CLAUDE_FILES.iter().filter_map(|name| Found::below(path, name, &mut gathered)).collect();
    if files::has_folder(path, CLAUDE_RULES, &mut gathered) {
        found.extend(files::markdown_files(path, CLAUDE_RULES, &mut gathered)?);
    }
    if found.is_empty() {
        return Err(nothing(
            path,
            "CLAUDE.md, CLAUDE.local.md, .claude/CLAUDE.md, .claude/rules or MEMORY.md",
        ));
    }
    read_all(CLAUDE_MD, found, &mut gathered)?;
    Ok(gathered)
}

/// Reads an `AGENTS.md`, or the one in a folder.
pub(super) fn gather_agents(path: &Path) -> Result<Gathered, ErrorBody> {
    let mut gathered = Gathered::default();
    let found = if files::is_folder(path)? {
        let found = Found::below(path, "AGENTS.md", &mut gathered);
        found.ok_or_else(|| nothing(path, "AGENTS.md that is no symbolic link"))?
    } else {
        Found::named(path)
    };
    read_all(AGENTS_MD, vec![found], &mut gathered)?;
    Ok(gathered)
}

fn nothing(path: &Path, allowed: &str) -> ErrorBody {
    ErrorBody::invalid("path", path.display(), format!("a folder with {allowed}"))
        .with_suggestion("Name the file itself")
}

fn read_all(source: &str, found: Vec<Found>, gathered: &mut Gathered) -> Result<(), ErrorBody> {
    let mut reader = Reader::new();
    let is_alone = found.len() == 1;
    for found in found {
        let Some(text) = reader.text(&found, gathered)? else { continue };
        match front_matter::divide(&text) {
            Ok(document) if is_memory(&document.front) && source != AGENTS_MD => {
                gathered.entries.push(memory(&found.label, document));
            }
            Ok(document) => read_sections(source, &found.label, &document, is_alone, gathered),
            Err((line, reason)) => gathered.refuse(Position { file: found.label, line }, reason),
        }
    }
    Ok(())
}

/// Whether the front matter is that of a memory file.
fn is_memory(front: &FrontMatter) -> bool {
    front.name.is_some() && (front.description.is_some() || memory_type(front).is_some())
}

/// The type of a memory, which newer files have one level deeper.
fn memory_type(front: &FrontMatter) -> Option<&str> {
    let nested = || front.rest.get("metadata")?.get("type")?.as_str();
    front.kind.as_deref().or_else(nested)
}

/// One entry: feedback is a rule, everything else something known.
fn memory(label: &str, document: Document<'_>) -> SourceEntry {
    let Document { front, body, .. } = document;
    let kind = memory_type(&front).unwrap_or_default().to_lowercase();
    let entry_kind = if kind == "feedback" { EntryKind::Guideline } else { EntryKind::Knowledge };
    let description = front.description.as_deref().unwrap_or_default().trim();
    let body = body.trim();
    let content = match (description, body) {
        ("", body) => body.to_owned(),
        (description, "") => description.to_owned(),
        (description, body) => format!("{description}\n\n{body}"),
    };
    let name = front.name.as_deref().unwrap_or(label);
    let mut entry = SourceEntry::new(CLAUDE_MEMORY, entry_kind, name, content, start(label));
    entry.tag(&kind);
    match kind.as_str() {
        "user" | "project" => entry.category = Some("context".to_owned()),
        "reference" => entry.category = Some("reference".to_owned()),
        _ => {}
    }
    front.tags.iter().for_each(|tag| entry.tag(tag));
    keep_rest(&mut entry, &front);
    entry
}

fn keep_rest(entry: &mut SourceEntry, front: &FrontMatter) {
    if !front.rest.is_empty() {
        entry.metadata.insert("frontMatter".to_owned(), Value::Object(front.rest.clone()));
    }
}

fn read_sections(
    source: &str,
    label: &str,
    document: &Document<'_>,
    is_alone: bool,
    gathered: &mut Gathered,
) {
    let position = |line: usize| Position { file: label.to_owned(), line: document.line - 1 + line };
    for (line, path) in file_imports(document.body) {
        gathered
            .note(position(line), format!("@{path} not followed; import that file, too, if it is wanted"));
    }
    for section in sections(document.body, DEEPEST) {
        if label == INDEX && !is_alone && is_index(section.text) {
            gathered.note(position(section.line), "left out: a list of files that are imported themselves");
            continue;
        }
        let name = match section.path.join(" > ") {
            path if path.is_empty() => label.to_owned(),
            path => format!("{label}: {path}"),
        };
        let content = section.text.to_owned();
        let mut entry =
            SourceEntry::new(source, EntryKind::Guideline, &name, content, position(section.line));
        document.front.tags.iter().for_each(|tag| entry.tag(tag));
        keep_rest(&mut entry, &document.front);
        gathered.entries.push(entry);
    }
}

/// Whether a text is a list of links to Markdown files and nothing else.
fn is_index(text: &str) -> bool {
    let is_link = |line: &str| line.trim_start().starts_with("- [") && line.contains(".md)");
    text.lines().filter(|line| !line.trim().is_empty()).all(is_link)
}

#[cfg(test)]
mod tests {
    use super::{files::folder_of, *};

    fn names(gathered: &Gathered) -> Vec<&str> {
        gathered.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn sections_of_a_project_become_guidelines() {
        let root = folder_of(&[
            ("CLAUDE.md", include_str!("samples/CLAUDE.md")),
            (".claude/rules/api.md", "---\npaths: src/api/**\n---\n# API\n\nVersion every route.\n"),
            ("README.md", "no part of it"),
        ]);
        let gathered = gather_claude(root.path()).expect("readable").settled();
        assert_eq!(
            names(&gathered),
            [
                "CLAUDE.md",
                "CLAUDE.md: Commands",
                "CLAUDE.md: Code style",
                "CLAUDE.md: Code style > Errors",
                ".claude/rules/api.md"
            ]
        );
        let commands = &gathered.entries[1];
        assert_eq!(
            (commands.kind, commands.tags.as_slice()),
            (EntryKind::Guideline, &["claude-md".to_owned()][..])
        );
        assert!(commands.content.starts_with("- Build: `just build`"), "{}", commands.content);
        assert!(commands.content.contains("# not a heading"));
        assert_eq!(commands.position.line, 7);
        assert_eq!(gathered.entries[4].metadata["frontMatter"]["paths"], "src/api/**");
        assert_eq!(gathered.entries[4].position.line, 4);
        let notes: Vec<_> = gathered.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            ["CLAUDE.md:5: @docs/architecture.md not followed; import that file, too, if it is wanted"]
        );
    }

    #[test]
    fn memory_files_become_one_entry_each() {
        let root = folder_of(&[
            (
                "MEMORY.md",
                "# Memory\n\n- [Role](user_role.md) — who\n- [Tests](tests.md) — how\n\n## Release\n\nTag first.\n",
            ),
            ("tests.md", include_str!("samples/feedback_tests.md")),
            (
                "user_role.md",
                "---\nname: user-role\ndescription: Who the user is\nmetadata:\n  type: user\n---\n\nWorks on payments.\n",
            ),
        ]);
        let gathered = gather_claude(root.path()).expect("readable").settled();
        assert_eq!(names(&gathered), ["MEMORY.md: Release", "No mocks in integration tests", "user-role"]);
        let [_, feedback, role] = gathered.entries.as_slice() else { panic!("three entries") };
        assert_eq!(
            (feedback.kind, feedback.tags.join(",")),
            (EntryKind::Guideline, "claude-memory,feedback".to_owned())
        );
        assert!(feedback.content.starts_with("Integration tests use a real database\n\nMocked tests passed"));
        assert_eq!((role.kind, role.category.as_deref()), (EntryKind::Knowledge, Some("context")));
        assert_eq!(role.content, "Who the user is\n\nWorks on payments.");
        assert_eq!(gathered.notes.len(), 1, "{:?}", gathered.notes);
    }

    #[test]
    fn agents_md_is_found_in_a_folder_or_named() {
        let root = folder_of(&[("AGENTS.md", "# Repo\n\n## Setup\n\npnpm install\n\n## Setup\n\nagain\n")]);
        let expected = ["AGENTS.md: Setup", "AGENTS.md: Setup (2)"];
        for path in [root.path().to_owned(), root.path().join("AGENTS.md")] {
            let gathered = gather_agents(&path).expect("readable").settled();
            assert_eq!(names(&gathered), expected);
            assert_eq!(gathered.entries[0].tags, ["agents-md"]);
        }
        assert_eq!(gather_claude(root.path()).expect_err("nothing").field.as_deref(), Some("path"));
        assert!(gather_agents(&root.path().join("none.md")).is_err());
    }

    #[test]
    fn broken_front_matter_is_refused_with_its_place() {
        let root = folder_of(&[("MEMORY.md", "## A\n\nx\n"), ("bad.md", "---\nname: [\n---\ny\n")]);
        let gathered = gather_claude(root.path()).expect("readable").settled();
        assert_eq!(names(&gathered), ["MEMORY.md: A"]);
        assert_eq!(gathered.refused[0].position.to_string(), "bad.md:2");
    }
}
