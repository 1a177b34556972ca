//! What a source gives: entries to import, what was refused and why, what was left out. The rules
//! that hold for every source are here: what marks an entry, and names that are unique. The limits of
//! fields are the daemon's to check. Nothing here reads anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use agent_memory_proto::{
    limits::{NAME_CHARS_MAX, TAG_CHARS_MAX, TITLE_CHARS_MAX},
    model::EntryKind,
};
use serde_json::{Map, Value, json};

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file, as seen from the path that was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something to tell about a place: why it was refused, or what was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Where.
    pub position: Position,
    /// What.
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.text)
    }
}

/// An entry that a source gives.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Its name (title for knowledge); unique among those of its kind once all are gathered.
    pub name: String,
    /// Its category, one that the kind allows.
    pub category: Option<String>,
    /// Its tags; the first one names the source.
    pub tags: Vec<String>,
    /// What it says.
    pub content: String,
    /// Where it came from, and the fields of the source that have no other place.
    pub metadata: Map<String, Value>,
    /// Where it stands in the source.
    pub position: Position,
}

impl SourceEntry {
    /// An entry of `source` (as `claude-md`), tagged and marked with where it came from. The line is
    /// no part of the mark, so that an entry which only moved is still the same.
    pub(super) fn new(
        source: &str,
        kind: EntryKind,
        name: &str,
        content: String,
        position: Position,
    ) -> Self {
        let mut metadata = Map::new();
        metadata.insert("importedFrom".to_owned(), json!({ "source": source, "file": position.file }));
        Self {
            kind,
            name: one_line(name),
            category: None,
            tags: vec![source.to_owned()],
            content,
            metadata,
            position,
        }
    }

    /// Sets the category if the kind of entry has it, else keeps the word as a tag.
    pub(super) fn categorise(&mut self, word: &str) {
        let word = one_line(word);
        let known = ["decision", "fact", "context", "reference"];
        let lower = word.to_lowercase();
        match self.kind {
            EntryKind::Knowledge if known.contains(&lower.as_str()) => self.category = Some(lower),
            EntryKind::Guideline if !word.is_empty() => self.category = Some(cut(&word, TAG_CHARS_MAX)),
            _ => self.tag(&word),
        }
    }

    /// Adds a tag, unless it is blank or there already.
    pub(super) fn tag(&mut self, tag: &str) {
        let tag = cut(&one_line(tag), TAG_CHARS_MAX);
        if !tag.is_empty() && !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }
}

/// Everything that a source gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// What can be imported, in the order of the source.
    pub entries: Vec<SourceEntry>,
    /// What was refused, and why, in the order of the files. Nothing is imported then.
    pub refused: Vec<Remark>,
    /// What was left out on purpose.
    pub notes: Vec<Remark>,
}

impl Gathered {
    pub(super) fn refuse(&mut self, position: Position, text: impl Into<String>) {
        self.refused.push(Remark { position, text: text.into() });
    }

    pub(super) fn note(&mut self, position: Position, text: impl Into<String>) {
        self.notes.push(Remark { position, text: text.into() });
    }

    /// Applies what holds for every source: names that come again are numbered, in the order of
    /// the source.
    pub(super) fn settled(mut self) -> Self {
        self.refused.sort();
        number_names(&mut self.entries);
        self
    }
}

/// Cuts names to their limit and gives each one that was there before the next free number.
fn number_names(entries: &mut [SourceEntry]) {
    let mut taken = BTreeSet::new();
    let mut last_numbers: BTreeMap<(EntryKind, String), usize> = BTreeMap::new();
    for entry in entries {
        let chars_max = match entry.kind {
            EntryKind::Knowledge => TITLE_CHARS_MAX,
            EntryKind::Guideline | EntryKind::Tool => NAME_CHARS_MAX,
        };
        let wanted = cut(&entry.name, chars_max);
        let mut name = wanted.clone();
        while !taken.insert((entry.kind, name.clone())) {
            let number = last_numbers.entry((entry.kind, wanted.clone())).or_insert(1);
            *number += 1;
            let suffix = format!(" ({number})");
            name = format!("{}{suffix}", cut(&wanted, chars_max - suffix.len()));
        }
        entry.name = name;
    }
}

/// The text in one line: control characters are blanks, blanks are single.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_control() || c.is_whitespace());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text, or its beginning and `…` when it has more than `chars_max` characters.
fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(chars_max - 1).collect();
    format!("{}…", beginning.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, content: &str, file: &str) -> SourceEntry {
        let position = Position { file: file.to_owned(), line: 7 };
        SourceEntry::new("markdown", EntryKind::Guideline, name, content.to_owned(), position)
    }

    fn settled(entries: Vec<SourceEntry>) -> Gathered {
        Gathered { entries, ..Gathered::default() }.settled()
    }

    #[test]
    fn names_that_come_again_are_numbered_in_order() {
        let mut other_kind = entry("a", "x", "f");
        other_kind.kind = EntryKind::Knowledge;
        let long = "n".repeat(NAME_CHARS_MAX + 5);
        let names = ["a", "a (2)", "a", " a\n", &long, &long];
        let mut entries: Vec<_> = names.iter().map(|name| entry(name, "x", "f")).collect();
        entries.push(other_kind);
        let names: Vec<_> = settled(entries).entries.into_iter().map(|entry| entry.name).collect();
        assert_eq!(names[..4], ["a", "a (2)", "a (3)", "a (4)"]);
        assert_eq!(names[4].chars().count(), NAME_CHARS_MAX);
        assert_eq!(names[5].chars().count(), NAME_CHARS_MAX);
        assert_ne!(names[4], names[5]);
        assert_eq!(names[6], "a", "another kind has names of its own");
    }

    #[test]
    fn a_category_that_the_kind_does_not_have_is_a_tag() {
        let mut known = entry("a", "x", "f");
        known.kind = EntryKind::Knowledge;
        known.categorise("Decision");
        known.categorise("person\n\u{1b}[31m");
        assert_eq!(known.category.as_deref(), Some("decision"));
        assert_eq!(known.tags, ["markdown", "person [31m"]);
    }
}
