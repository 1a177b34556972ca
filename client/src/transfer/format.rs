//! The formats that documents are written in, and what reads and writes each.

use std::{
    fmt,
    io::{Read, Write},
    path::Path,
    str::FromStr,
};

use agent_memory_proto::{
    ErrorBody,
    model::{ScopeLevel, ScopeRef},
};

use super::{ExportWriter, JsonSource, JsonWriter, Source};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON: complete, in the original's shape.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 1] = [Self::Json];

    /// The public name, as `json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
        }
    }

    /// The names of all formats.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The format of a file with such an ending.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| format!("allowed: {}", Self::names()))
    }
}

/// What writes a document in that format.
pub fn writer<'a>(format: Format, out: impl Write + Send + 'a) -> Box<dyn ExportWriter + 'a> {
    match format {
        Format::Json => Box::new(JsonWriter::new(out)),
    }
}

/// What reads a document in that format.
///
/// # Errors
/// When documents in that format are only written.
pub fn source(format: Format, input: impl Read + Send + 'static) -> Result<Box<dyn Source>, ErrorBody> {
    match format {
        Format::Json => Ok(Box::new(JsonSource(input))),
    }
}

/// Reads a scope as mappings name it: `global`, `org:<id>`, `project:<id>`, `session:<id>`.
///
/// # Errors
/// What is allowed.
pub fn parse_mapping(text: &str) -> Result<ScopeRef, String> {
    let allowed = || format!("{text:?} is no scope; allowed: global, org:<id>, project:<id>, session:<id>");
    let (level, id) = match text.split_once(':') {
        Some((level, id)) => (level, Some(id.parse().map_err(|_| allowed())?)),
        None => (text, None),
    };
    let level: ScopeLevel = level.parse().map_err(|()| allowed())?;
    if (level == ScopeLevel::Global) == id.is_none() { Ok(ScopeRef { level, id }) } else { Err(allowed()) }
}
