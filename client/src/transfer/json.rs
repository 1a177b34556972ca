//! The document as JSON, written and read entry by entry: whatever its size, one entry is in memory.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Read, Write},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{EntryKind, ScopeLevel},
    request::{ExportPage, ImportItem},
    response::{ExportedPage, ImportRefusal},
};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::{
    Item, Sink, Source, SourceError,
    document::{self, VERSION},
    export::{ExportWriter, KINDS},
};
use crate::times;

const LEVELS: [ScopeLevel; 3] = [ScopeLevel::Org, ScopeLevel::Project, ScopeLevel::Session];

/// Writes the document as JSON, one entry on each line.
#[derive(Debug)]
pub struct JsonWriter<W: Write> {
    out: W,
    /// The lists of the document in their order, each with the object that it is in.
    lists: Vec<(&'static str, &'static str)>,
    /// How many of them were begun.
    begun: usize,
    is_first: bool,
}

impl<W: Write> JsonWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, lists: Vec::new(), begun: 0, is_first: true }
    }

    /// Ends what was begun before the list of that name, and begins it.
    fn go_to(&mut self, list: &str) -> io::Result<()> {
        while self.begun == 0 || self.lists[self.begun - 1].1 != list {
            let Some((object, next)) = self.lists.get(self.begun).copied() else { return Ok(()) };
            let before = self.begun.checked_sub(1).map(|before| self.lists[before].0);
            match before {
                None => write!(self.out, "\"{object}\":{{")?,
                Some(before) if before == object => write!(self.out, "\n],")?,
                Some(_) => write!(self.out, "\n]}},\n\"{object}\":{{")?,
            }
            write!(self.out, "\n\"{next}\":[")?;
            self.begun += 1;
            self.is_first = true;
        }
        Ok(())
    }

    fn put(&mut self, list: &str, fields: &document::Fields) -> io::Result<()> {
        self.go_to(list)?;
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        serde_json::to_writer(&mut self.out, fields).map_err(io::Error::from)
    }
}

impl<W: Write + Send> ExportWriter for JsonWriter<W> {
    fn begin(&mut self, request: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()> {
        let kinds: Vec<EntryKind> = KINDS
            .into_iter()
            .filter(|kind| request.kinds.is_empty() || request.kinds.contains(kind))
            .collect();
        self.lists = LEVELS.iter().map(|level| ("scopes", document::level_list(*level))).collect();
        self.lists.extend(kinds.iter().map(|kind| ("entries", kind.plural())));
        let types: Vec<&str> = kinds.iter().map(|kind| kind.plural()).collect();
        let scope = request.scope;
        let metadata = json!({
            "scopeId": scope.and_then(|scope| scope.id),
            "scopeType": scope.map(|scope| scope.level.name()),
            "types": types,
        });
        let at = Value::from(changed_at_ms.map(times::format));
        write!(self.out, "{{\n\"version\":\"{VERSION}\",\n\"exportedAt\":{at},\n\"metadata\":{metadata},\n")
    }

    fn page(&mut self, page: &ExportedPage) -> io::Result<()> {
        for scope in &page.scopes {
            self.put(document::level_list(scope.scope().level), &document::scope_value(scope))?;
        }
        for entry in &page.entries {
            let Some(kind) = entry.kind() else { continue };
            self.put(kind.plural(), &document::entry_value(entry))?;
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some((_, last)) = self.lists.last().copied() {
            self.go_to(last)?;
        }
        self.out.write_all(b"\n]}\n}\n")?;
        self.out.flush()
    }
}

/// Reads the document as JSON, also that of the original system.
#[derive(Debug)]
pub struct JsonSource<R>(pub R);

impl<R: Read + Send + 'static> Source for JsonSource<R> {
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError> {
        let mut reading = Reading { sink, is_stopped: false, places: HashMap::new(), has_entries: false };
        let mut deserializer = serde_json::Deserializer::from_reader(io::BufReader::new(self.0));
        let read = Document(&mut reading).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        match read {
            Err(_) if reading.is_stopped => Err(SourceError::Stopped),
            Err(error) => Err(unreadable(&error).into()),
            Ok(()) if !reading.has_entries => Err(ErrorBody::missing("entries")
                .with_allowed(
                    "{\"version\", \"scopes\", \"entries\": {\"tools\", \"guidelines\", \"knowledge\"}}",
                )
                .with_suggestion("Nothing was imported; is this an export?")
                .into()),
            Ok(()) => Ok(()),
        }
    }
}

fn unreadable(error: &serde_json::Error) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidParameter, format!("the document cannot be read: {error}"))
        .with_field("content")
        .with_suggestion("Nothing was imported; give a complete export, and its format")
}

/// Where the reading is, and who hears of what it finds.
struct Reading<'a> {
    sink: Sink<'a>,
    is_stopped: bool,
    /// How many items of each list were read.
    places: HashMap<String, usize>,
    has_entries: bool,
}

impl Reading<'_> {
    fn give<E: serde::de::Error>(&mut self, item: Item) -> Result<(), E> {
        (self.sink)(item).map_err(|_| {
            self.is_stopped = true;
            E::custom("nobody wants more")
        })
    }

    fn found<E: serde::de::Error>(&mut self, list: &List, value: &Value) -> Result<(), E> {
        let place = self.places.entry(list.name.clone()).or_default();
        let at = format!("{}[{place}]", list.name);
        *place += 1;
        let item = match list.what {
            What::Entries(kind) => {
                document::entry(kind, value).map(|entry| Item::Entry(ImportItem { at: at.clone(), entry }))
            }
            What::Scopes(level) => document::scope(level, value).map(Item::Scope),
        };
        self.give(item.unwrap_or_else(|error| {
            let name = ["name", "title", "id"].iter().find_map(|field| value.get(*field)?.as_str());
            Item::Refused(ImportRefusal { at, name: name.unwrap_or_default().to_owned(), error })
        }))
    }
}

/// A list of the document.
struct List {
    name: String,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Entries(EntryKind),
    Scopes(ScopeLevel),
}

struct Document<'r, 'a>(&'r mut Reading<'a>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an export")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => check_version(&map.next_value::<Value>()?)?,
                "scopes" | "entries" => {
                    self.0.has_entries |= key == "entries";
                    map.next_value_seed(Lists { object: key, reading: &mut *self.0 })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

fn check_version<E: serde::de::Error>(version: &Value) -> Result<(), E> {
    match version.as_str() {
        Some(known) if known == "1" || known.starts_with("1.") => Ok(()),
        _ => Err(E::custom(format!("version {version} is not known; 1.x is, up to {VERSION}"))),
    }
}

/// The lists of `scopes` or `entries`.
struct Lists<'r, 'a> {
    object: String,
    reading: &'r mut Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Lists<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Lists<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of lists as {}", self.object)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let what = match self.object.as_str() {
                "scopes" => document::list_level(&key).map(What::Scopes),
                _ => document::list_kind(&key).map(What::Entries),
            };
            let name = format!("{}.{key}", self.object);
            let Some(what) = what else {
                return Err(A::Error::custom(format!("{name} is no list that is known")));
            };
            map.next_value_seed(Items { list: List { name, what }, reading: &mut *self.reading })?;
        }
        Ok(())
    }
}

/// The items of one list.
struct Items<'r, 'a> {
    list: List,
    reading: &'r mut Reading<'a>,
}

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list as {}", self.list.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element::<Value>()? {
            self.reading.found(&self.list, &value)?;
        }
        Ok(())
    }
}
