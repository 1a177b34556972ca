//! Reads the document as Markdown, item by item. A person may write one, too: an item without a block of
//! YAML is an entry of the global scope, and text below its heading its content.

use std::io::{self, BufReader, Read};

use agent_memory_proto::{ErrorBody, model::EntryKind};
use serde_json::{Map, Value};

use super::{
    TEXTS,
    lines::{Part, Parts, invalid},
};
use crate::transfer::{
    Sink, Source, SourceError, Stopped,
    metered::Metered,
    reading::{List, Reading, check_version},
    yaml,
};

/// Reads the document as Markdown.
#[derive(Debug)]
pub struct MarkdownSource<R>(pub R);

impl<R: Read + Send + 'static> Source for MarkdownSource<R> {
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError> {
        let (input, meter) = Metered::new(self.0);
        let mut reading = Reading::new(sink, meter);
        let read = read(&mut reading, &mut Parts::new(BufReader::new(input)));
        reading.end(read)
    }
}

fn read<R: io::BufRead>(reading: &mut Reading<'_>, parts: &mut Parts<R>) -> io::Result<()> {
    let mut list: Option<List> = None;
    let mut item: Option<Section> = None;
    let mut top = Top::default();
    while let Some((line, part)) = parts.next()? {
        match part {
            Part::List(name) => {
                give(reading, list.as_ref(), item.take())?;
                list = Some(known(reading, line, &name)?);
            }
            Part::Item(name) => {
                give(reading, list.as_ref(), item.take())?;
                item = list.is_some().then(|| Section::new(line, name));
            }
            part => match &mut item {
                Some(item) => item.add(part),
                None if list.is_none() => top.take(line, &part)?,
                // Text between the heading of a list and its first item.
                None => {}
            },
        }
    }
    give(reading, list.as_ref(), item.take())
}

fn known(reading: &mut Reading<'_>, line: usize, name: &str) -> io::Result<List> {
    let name = name.to_lowercase();
    let list = ["scopes", "entries", ""].into_iter().find_map(|object| List::of(object, &name));
    let list = list.ok_or_else(|| {
        let known = "Organizations, Projects, Sessions, Tools, Guidelines, Knowledge, Tags, Tasks, Relations";
        invalid(format!("the heading on line {line} is no list that is known: {known}"))
    })?;
    if list.kind().is_some() {
        reading.has_entries();
    }
    Ok(list)
}

/// What comes before the first list: nothing but the head of an export is looked at.
#[derive(Default)]
struct Top {
    is_in_front_matter: bool,
    /// Something came that no export begins with: blocks from here on are whatever they are.
    is_over: bool,
}

impl Top {
    /// The head stands above everything but front matter, a title and blank lines.
    fn take(&mut self, line: usize, part: &Part) -> io::Result<()> {
        match part {
            Part::Text(text) => {
                let text = text.trim_end();
                if self.is_in_front_matter {
                    self.is_in_front_matter = !matches!(text, "---" | "...");
                } else if line == 1 && text == "---" {
                    self.is_in_front_matter = true;
                } else if !text.is_empty() && !text.starts_with("# ") {
                    self.is_over = true;
                }
                Ok(())
            }
            _ if self.is_in_front_matter => Ok(()),
            Part::Block { info, text, .. }
                if info == "yaml" && !std::mem::replace(&mut self.is_over, true) =>
            {
                head(text)
            }
            _ => {
                self.is_over = true;
                Ok(())
            }
        }
    }
}

/// Whether a document with such a head is understood. A block that says something else is no head.
fn head(text: &str) -> io::Result<()> {
    let head = serde_saphyr::from_str_with_options::<Value>(text, yaml::options()).unwrap_or_default();
    match (head.get("version"), head.get("metadata")) {
        (Some(version), Some(Value::Object(_))) => {
            check_version::<serde_json::Error>(version).map_err(io::Error::from)
        }
        _ => Ok(()),
    }
}

fn give(reading: &mut Reading<'_>, list: Option<&List>, item: Option<Section>) -> io::Result<()> {
    let (Some(list), Some(item)) = (list, item) else { return Ok(()) };
    let line = item.line;
    let stopped = |stopped: Stopped| invalid(stopped.to_string());
    reading.found(list, Some(line), item.value(list.kind())).map_err(stopped)
}

/// What stands below the heading of one item.
struct Section {
    line: usize,
    name: String,
    /// The current version with the fields of the entry, then the earlier ones.
    versions: Vec<Version>,
}

#[derive(Default)]
struct Version {
    fields: Option<String>,
    text: Option<(String, String)>,
    prose: String,
}

impl Section {
    fn new(line: usize, name: String) -> Self {
        Self { line, name, versions: vec![Version::default()] }
    }

    fn add(&mut self, part: Part) {
        if part == Part::Version {
            self.versions.push(Version::default());
            return;
        }
        let Some(version) = self.versions.last_mut() else { return };
        match part {
            Part::Block { info, text, raw } => {
                let field = info.strip_prefix("markdown ").filter(|field| TEXTS.contains(field));
                if info == "yaml" && version.fields.is_none() && version.prose.trim().is_empty() {
                    // Its last end of a line may be that of a value.
                    version.fields = Some(text + "\n");
                } else if let Some(field) = field.filter(|_| version.text.is_none()) {
                    version.text = Some((field.to_owned(), text));
                } else {
                    version.prose.push_str(&raw);
                }
            }
            Part::Text(line) => version.prose.push_str(&line),
            Part::List(_) | Part::Item(_) | Part::Version => {}
        }
    }

    /// The item as an object of the document.
    fn value(self, kind: Option<EntryKind>) -> Result<Value, ErrorBody> {
        let mut versions = self.versions.into_iter();
        let current = versions.next().unwrap_or_default();
        let Some(kind) = kind else {
            return Ok(Value::Object(current.fields()?));
        };
        let content = if kind == EntryKind::Tool { "description" } else { "content" };
        let (text, mut entry) = (current.text(content)?, current.fields()?);
        if !entry.contains_key(kind.name_field()) {
            entry.insert(kind.name_field().to_owned(), Value::from(self.name));
        }
        let mut all = Vec::new();
        for version in versions {
            let (text, mut fields) = (version.text(content)?, version.fields()?);
            fields.extend(text);
            all.push(Value::Object(fields));
        }
        match entry.remove("currentVersion") {
            Some(Value::Object(mut current)) => {
                current.extend(text);
                all.push(Value::Object(current));
            }
            Some(other) => return Err(ErrorBody::invalid("currentVersion", other, "an object")),
            // Whoever writes by hand says everything of the entry itself.
            None => entry.extend(text),
        }
        if !all.is_empty() {
            entry.insert("versions".to_owned(), Value::Array(all));
        }
        Ok(Value::Object(entry))
    }
}

impl Version {
    /// The text, and the field that it belongs to.
    fn text(&self, field: &str) -> Result<Option<(String, Value)>, ErrorBody> {
        let prose = self.prose.trim();
        match &self.text {
            None if prose.is_empty() => Ok(None),
            None => Ok(Some((field.to_owned(), Value::from(prose)))),
            Some((field, text)) if prose.is_empty() => Ok(Some((field.clone(), Value::from(text.as_str())))),
            Some((field, _)) => {
                let allowed = format!("nothing beside the block \"markdown {field}\"");
                Err(ErrorBody::invalid(field, prose, allowed)
                    .with_suggestion("Put the text into the block; headings of the first three levels, too"))
            }
        }
    }

    fn fields(&self) -> Result<Map<String, Value>, ErrorBody> {
        let Some(text) = &self.fields else { return Ok(Map::new()) };
        let fields: Result<Option<Map<String, Value>>, _> =
            serde_saphyr::from_str_with_options(text, yaml::options());
        fields.map(Option::unwrap_or_default).map_err(|error| {
            ErrorBody::invalid("yaml", yaml::reason(&error), "a block of YAML with fields, without aliases")
        })
    }
}
