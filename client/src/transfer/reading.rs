//! Reads the document out of anything that deserialises, item by item: one item is in memory.

use std::{collections::HashMap, fmt};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{EntryKind, ExtraKind, ScopeLevel},
    request::{ImportExtra, ImportItem},
    response::ImportRefusal,
};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{
    Item, Sink, SourceError, Stopped,
    document::{self, VERSION},
    metered::Meter,
};

fn unreadable(error: &dyn fmt::Display) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidParameter, format!("the document cannot be read: {error}"))
        .with_field("content")
        .with_suggestion("Nothing was imported; give a complete export, and its format")
}

/// What was read has no entries, not even an empty list of them.
fn no_export() -> ErrorBody {
    ErrorBody::missing("entries")
        .with_allowed("version, scopes, and entries with the lists tools, guidelines, knowledge")
        .with_suggestion("Nothing was imported; is this an export, and in this format?")
}

/// What stands where a list is expected is none.
fn no_list(name: &str, kind: &str) -> ImportRefusal {
    let error = ErrorBody::invalid(name, kind, "a list, or none");
    ImportRefusal { at: name.to_owned(), name: String::new(), error }
}

/// Where the reading is, and who hears of what it finds.
pub(super) struct Reading<'a> {
    sink: Sink<'a>,
    meter: Meter,
    is_stopped: bool,
    /// How many items of each list were read.
    places: HashMap<String, usize>,
    has_entries: bool,
}

impl<'a> Reading<'a> {
    /// Reads what `meter` measures.
    pub(super) fn new(sink: Sink<'a>, meter: Meter) -> Self {
        Self { sink, meter, is_stopped: false, places: HashMap::new(), has_entries: false }
    }

    /// Reads a whole document.
    pub(super) fn document<'de, D: serde::Deserializer<'de>>(
        &mut self,
        deserializer: D,
    ) -> Result<(), D::Error> {
        Document(self).deserialize(deserializer)
    }

    /// What became of it, given what the format says of it.
    pub(super) fn end(self, read: Result<(), impl fmt::Display>) -> Result<(), SourceError> {
        match read {
            Err(_) if self.is_stopped => Err(SourceError::Stopped),
            Err(error) => Err(self.meter.too_large().unwrap_or_else(|| unreadable(&error)).into()),
            Ok(()) if !self.has_entries => Err(no_export().into()),
            Ok(()) => Ok(()),
        }
    }

    /// A list of entries was there, if only an empty one.
    pub(super) fn has_entries(&mut self) {
        self.has_entries = true;
    }

    /// An item of a list; `line` is where it begins, if the format knows.
    pub(super) fn found(
        &mut self,
        list: &List,
        line: Option<usize>,
        value: Result<Value, ErrorBody>,
    ) -> Result<(), Stopped> {
        self.meter.reset();
        let place = self.places.entry(list.name.clone()).or_default();
        let at = match line {
            Some(line) => format!("{}[{place}] (line {line})", list.name),
            None => format!("{}[{place}]", list.name),
        };
        *place += 1;
        let relations = value.as_ref().map_or(0, |value| list.relations(value));
        let item = match value {
            Ok(value) => list.item(&at, &value).map_err(|error| (name(&value).to_owned(), error)),
            Err(error) => Err((String::new(), error)),
        };
        let item = item.unwrap_or_else(|(name, error)| Item::Refused(ImportRefusal { at, name, error }));
        self.give(item)?;
        if relations > 0 { self.give(Item::Relations(relations)) } else { Ok(()) }
    }

    fn give(&mut self, item: Item) -> Result<(), Stopped> {
        (self.sink)(item).inspect_err(|_| self.is_stopped = true)
    }
}

/// What a value calls itself; empty when it does not.
fn name(value: &Value) -> &str {
    ["name", "title", "sourceId", "id"]
        .iter()
        .find_map(|field| value.get(*field)?.as_str())
        .unwrap_or_default()
}

/// A list of the document.
pub(super) struct List {
    name: String,
    what: What,
}

impl List {
    /// The list of that name in `scopes`, in `entries`, or, of no object, in the document itself.
    pub(super) fn of(object: &str, key: &str) -> Option<Self> {
        let what = match object {
            "scopes" => document::list_level(key).map(What::Scopes),
            "entries" => document::list_kind(key).map(What::Entries),
            _ => document::list_extra(key).map(What::Extras),
        };
        let name = if object.is_empty() { key.to_owned() } else { format!("{object}.{key}") };
        Some(Self { name, what: what? })
    }

    /// How many relations an item of it names that are not read: those that stand within an entry.
    fn relations(&self, value: &Value) -> u64 {
        match self.what {
            What::Entries(_) => {
                value.get("relations").and_then(Value::as_array).map_or(0, |all| all.len() as u64)
            }
            What::Scopes(_) | What::Extras(_) => 0,
        }
    }

    /// The kind of its entries; `None` when it has none.
    pub(super) fn kind(&self) -> Option<EntryKind> {
        match self.what {
            What::Entries(kind) => Some(kind),
            What::Scopes(_) | What::Extras(_) => None,
        }
    }

    /// The item that a value of it is; `at` says where it stands.
    fn item(&self, at: &str, value: &Value) -> Result<Item, ErrorBody> {
        match self.what {
            What::Entries(kind) => {
                document::entry(kind, value).map(|entry| Item::Entry(ImportItem { at: at.to_owned(), entry }))
            }
            What::Scopes(level) => document::scope(level, value).map(Item::Scope),
            What::Extras(kind) => document::extra(kind, value).map(|extra| match extra {
                Some(extra) => Item::Extra(ImportExtra { at: at.to_owned(), extra }),
                None => Item::Relations(1),
            }),
        }
    }
}

#[derive(Clone, Copy)]
enum What {
    Entries(EntryKind),
    Scopes(ScopeLevel),
    Extras(ExtraKind),
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
                _ => match List::of("", &key) {
                    Some(list) => {
                        map.next_value_seed(ItemsOrNone(Items { list, reading: &mut *self.0 }))?;
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                },
            }
        }
        Ok(())
    }
}

/// Whether a document of that version is understood; a number is what YAML makes of one without quotes.
pub(super) fn check_version<E: serde::de::Error>(version: &Value) -> Result<(), E> {
    let number = version.as_f64().map(|number| number.to_string());
    match version.as_str().or(number.as_deref()) {
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
            let list = List::of(&self.object, &key);
            let list = list
                .ok_or_else(|| A::Error::custom(format!("{}.{key} is no list that is known", self.object)))?;
            map.next_value_seed(Items { list, reading: &mut *self.reading })?;
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
            self.reading.found(&self.list, None, Ok(value)).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// The items of a list that may be missing. Anything else is refused, and the rest is read.
struct ItemsOrNone<'r, 'a>(Items<'r, 'a>);

impl ItemsOrNone<'_, '_> {
    fn refuse<E: serde::de::Error>(self, kind: &str) -> Result<(), E> {
        self.0.reading.give(Item::Refused(no_list(&self.0.list.name, kind))).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for ItemsOrNone<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! others {
    ($($visit:ident($of:ty) = $kind:literal;)+) => {
        $(fn $visit<E: serde::de::Error>(self, _: $of) -> Result<(), E> { self.refuse($kind) })+
    };
}

impl<'de> Visitor<'de> for ItemsOrNone<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.0.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.refuse("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    others! {
        visit_bool(bool) = "true or false";
        visit_i64(i64) = "a number";
        visit_u64(u64) = "a number";
        visit_f64(f64) = "a number";
        visit_str(&str) = "a text";
    }
}
