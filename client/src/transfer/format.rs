//! The formats that documents are written in, and what reads and writes each.

use std::{
    fmt,
    io::{Read, Write},
    path::Path,
    str::FromStr,
};

use agent_memory_proto::{
    ErrorBody,
    model::{EntryKind, ScopeLevel, ScopeRef},
    request::ExportPage,
};

use super::{
    ExportWriter, JsonSource, JsonWriter, MarkdownSource, MarkdownWriter, OpenApiWriter, Source, YamlSource,
    YamlWriter,
};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON: complete, in the original's shape.
    Json,
    /// YAML: the same in YAML.
    Yaml,
    /// Markdown: complete, and for people to read.
    Markdown,
    /// OpenAPI: tools only, and written only.
    OpenApi,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Json, Self::Yaml, Self::Markdown, Self::OpenApi];

    /// The public name, as `json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Markdown => "markdown",
            Self::OpenApi => "openapi",
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
            "yaml" | "yml" => Some(Self::Yaml),
            "md" | "markdown" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// The format that was given, else that of the file's ending, else JSON.
    #[must_use]
    pub fn chosen(given: Option<Self>, file: Option<&Path>) -> Self {
        given.or_else(|| file.and_then(Self::of_file)).unwrap_or(Self::Json)
    }

    /// What of a request that format has a place for.
    ///
    /// # Errors
    /// When it asks for something else by name.
    pub fn narrowed(self, mut request: ExportPage) -> Result<ExportPage, ErrorBody> {
        if self == Self::OpenApi {
            if let Some(other) = request.kinds.iter().find(|kind| **kind != EntryKind::Tool) {
                return Err(ErrorBody::invalid(
                    "types",
                    other.plural(),
                    "tools: the format openapi has no others",
                )
                .with_suggestion("Leave the types out, or export as json, yaml or markdown"));
            }
            request.kinds = vec![EntryKind::Tool];
            request.include_versions = false;
        }
        Ok(request)
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
        Format::Yaml => Box::new(YamlWriter::new(out)),
        Format::Markdown => Box::new(MarkdownWriter::new(out)),
        Format::OpenApi => Box::new(OpenApiWriter::new(out)),
    }
}

/// What reads a document in that format.
///
/// # Errors
/// When documents in that format are only written.
pub fn source(format: Format, input: impl Read + Send + 'static) -> Result<Box<dyn Source>, ErrorBody> {
    match format {
        Format::Json => Ok(Box::new(JsonSource(input))),
        Format::Yaml => Ok(Box::new(YamlSource(input))),
        Format::Markdown => Ok(Box::new(MarkdownSource(input))),
        Format::OpenApi => Err(ErrorBody::invalid("format", format, "json, yaml, markdown").with_suggestion(
            "OpenAPI is written only: it leaves out what an import needs; export in another format",
        )),
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
