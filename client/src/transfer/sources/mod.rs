//! Importers: what users already have (the memory file of another server, files for agents, a
//! folder of Markdown) becomes entries of an import. All of it is read first, within bounds, so that what
//! is left out can be told before anything is stored.

mod files;
mod front_matter;
mod gathered;
mod guidance;
mod markdown;
mod sections;
mod server_memory;

use std::{path::Path, str::FromStr};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    limits::PRIORITY_DEFAULT,
    model::{EntryBody, EntryKind, Json, PortableEntry, ScopeRef},
    request::ImportItem,
    response::ImportRefusal,
};
use serde_json::Value;

pub use gathered::{Gathered, Position, Remark, SourceEntry};

use self::files::{Found, LINES_BYTES_MAX, Reader};
use super::{Item, Sink, Source, SourceError};

/// What an import can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file of `@modelcontextprotocol/server-memory`.
    ServerMemory,
    /// `CLAUDE.md` and the memory files of Claude Code.
    Claude,
    /// `AGENTS.md`.
    AgentsMd,
    /// A Markdown file, or a folder of them.
    Markdown,
}

impl Origin {
    /// Every source.
    pub const ALL: [Self; 4] = [Self::ServerMemory, Self::Claude, Self::AgentsMd, Self::Markdown];

    /// The public name, as `server-memory`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ServerMemory => "server-memory",
            Self::Claude => "claude",
            Self::AgentsMd => "agents-md",
            Self::Markdown => "markdown",
        }
    }

    /// Reads what is at a path: all of it, within bounds. An error says why nothing was read; what is
    /// wrong with a part of it is told in the result.
    ///
    /// # Errors
    ///
    /// When the path cannot be read, has nothing of this source, or has too much.
    pub fn gather(self, path: &Path) -> Result<Gathered, ErrorBody> {
        let gathered = match self {
            Self::ServerMemory => server_memory(path)?,
            Self::Claude => guidance::gather_claude(path)?,
            Self::AgentsMd => guidance::gather_agents(path)?,
            Self::Markdown => markdown::gather(path)?,
        };
        Ok(gathered.settled())
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|source| source.name() == text);
        found.ok_or_else(|| format!("allowed: {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// What was gathered, for one scope of the store.
#[derive(Debug)]
pub struct Gathering {
    /// What was gathered.
    pub gathered: Gathered,
    /// Where the entries go.
    pub scope: ScopeRef,
}

impl Source for Gathering {
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError> {
        for remark in self.gathered.refused {
            let error = ErrorBody::new(ErrorCode::InvalidParameter, remark.text);
            sink(Item::Refused(ImportRefusal { at: place(&remark.position), name: String::new(), error }))?;
        }
        for entry in self.gathered.entries {
            let at = place(&entry.position);
            sink(Item::Entry(ImportItem { at, entry: carried(entry, self.scope) }))?;
        }
        Ok(())
    }
}

fn carried(entry: SourceEntry, scope: ScopeRef) -> PortableEntry {
    let content = entry.content;
    let body = match entry.kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content,
            priority: PRIORITY_DEFAULT,
            rationale: None,
            examples: None,
            verification_rules: None,
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content,
            confidence: 1.0,
            source: Some(entry.position.file),
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => {
            EntryBody::Tool { description: content, parameters: None, examples: None, constraints: None }
        }
    };
    PortableEntry {
        category: entry.category,
        tags: entry.tags,
        metadata: Some(Json::from(&Value::Object(entry.metadata))),
        ..PortableEntry::new(scope, entry.name, body)
    }
}

/// Most characters of a position.
const PLACE_CHARS_MAX: usize = 200;

/// A position in words; of one that is too long, the end.
fn place(position: &Position) -> String {
    let text = position.to_string();
    let excess = text.chars().count().saturating_sub(PLACE_CHARS_MAX);
    match text.char_indices().nth(excess + 1) {
        Some((begin, _)) if excess > 0 => format!("…{}", &text[begin..]),
        _ => text,
    }
}

fn server_memory(path: &Path) -> Result<Gathered, ErrorBody> {
    if files::is_folder(path)? {
        return Err(ErrorBody::invalid("path", path.display(), "a file, as memory.jsonl"));
    }
    let mut gathered = Gathered::default();
    let found = Found::named(path);
    let bytes = Reader::new().bytes(&found, LINES_BYTES_MAX, &mut gathered)?;
    Ok(bytes.map_or(gathered, |bytes| server_memory::gather(&found.label, &bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_names() {
        for source in Origin::ALL {
            assert_eq!(source.name().parse(), Ok(source));
        }
        let error = "jsonl".parse::<Origin>().expect_err("unknown");
        assert_eq!(error, "allowed: server-memory, claude, agents-md, markdown");
    }

    #[test]
    fn a_folder_is_no_file_of_server_memory() {
        let root = tempfile::tempdir().expect("a folder");
        assert!(Origin::ServerMemory.gather(root.path()).is_err());
        std::fs::write(root.path().join("m.jsonl"), "{").expect("a file");
        let gathered = Origin::ServerMemory.gather(&root.path().join("m.jsonl")).expect("readable");
        assert_eq!(gathered.refused[0].position.to_string(), "m.jsonl:1");
    }

    #[test]
    fn what_was_gathered_is_handed_over_with_its_place() {
        let mut gathered = Gathered::default();
        let place = |file: &str| Position { file: file.to_owned(), line: 3 };
        gathered.refuse(place("bad.md"), "no text in UTF-8");
        let entry = |kind, file: &str| SourceEntry::new("markdown", kind, "n", "c".to_owned(), place(file));
        gathered.entries.push(entry(EntryKind::Guideline, "a.md"));
        gathered.entries.push(entry(EntryKind::Knowledge, &"é".repeat(300)));
        let mut items = Vec::new();
        let source = Box::new(Gathering { gathered, scope: ScopeRef::GLOBAL });
        let mut sink = |item| {
            items.push(item);
            Ok(())
        };
        source.read(&mut sink).expect("all of it");
        let [Item::Refused(refusal), Item::Entry(rule), Item::Entry(fact)] = items.as_slice() else {
            panic!("three items: {items:?}")
        };
        assert_eq!((refusal.at.as_str(), refusal.error.message.as_str()), ("bad.md:3", "no text in UTF-8"));
        assert_eq!((rule.at.as_str(), rule.entry.kind()), ("a.md:3", Some(EntryKind::Guideline)));
        assert_eq!(fact.at.chars().count(), PLACE_CHARS_MAX);
        assert!(fact.at.starts_with("…é") && fact.at.ends_with("é:3"), "{}", fact.at);
        let metadata = r#"{"importedFrom":{"file":"a.md","source":"markdown"}}"#;
        assert_eq!(rule.entry.metadata, Some(Json(metadata.to_owned())));
    }
}
