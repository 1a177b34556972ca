//! Moving entries, and what is beside them, between a store and files. A source reads items out of some format; the import hands
//! them to the daemon in parts, and has them stored all or nothing; the export reads page by page. Nothing
//! here holds more than a few parts in memory.

mod document;
mod export;
mod format;
mod import;
mod json;
mod markdown;
mod metered;
mod openapi;
mod reading;
pub mod sources;
#[cfg(test)]
mod tests;
pub mod text;
mod yaml;

use std::fmt;

use agent_memory_proto::{
    ErrorBody,
    model::PortableScope,
    request::{ImportExtra, ImportItem},
    response::ImportRefusal,
};

pub use export::{ExportError, ExportWriter, Exported, KINDS, export};
pub use format::{Format, parse_mapping, source, writer};
pub use import::{ImportRun, Imported, Progress, import};
pub use json::{JsonSource, JsonWriter};
pub use markdown::{MarkdownSource, MarkdownWriter};
pub use openapi::OpenApiWriter;
pub use yaml::{YamlSource, YamlWriter};

/// One thing that a source found.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A scope, described. It is created where it is not there yet.
    Scope(PortableScope),
    /// An entry with its versions, and where it stands in the source.
    Entry(ImportItem),
    /// Something that is no entry, and where it stands: nothing is imported then.
    Refused(ImportRefusal),
    /// A tag, a task or a relation, and where it stands in the source.
    Extra(ImportExtra),
    /// So many relations that do not say by ids what they are between: they are left out, and told.
    Relations(u64),
}

/// The import has failed meanwhile: whoever reads a source may stop. The cause is told elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody wants more")
    }
}

/// Why a source ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// It cannot be read, or is not what it was said to be.
    Unreadable(Box<ErrorBody>),
    /// Nobody wants more.
    Stopped,
}

impl From<Stopped> for SourceError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<ErrorBody> for SourceError {
    fn from(body: ErrorBody) -> Self {
        Self::Unreadable(Box::new(body))
    }
}

/// Takes what a source finds; it waits while the daemon is slower.
pub type Sink<'a> = &'a mut dyn FnMut(Item) -> Result<(), Stopped>;

/// Something that entries can be read from, one by one, on a thread of its own.
pub trait Source: Send + 'static {
    /// Gives every item to the sink, in order. What is wrong with one entry is an
    /// [`Item::Refused`], and the next one is read; only what cannot be read at all ends it.
    ///
    /// # Errors
    /// When the source cannot be read, or the sink wants no more.
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError>;
}
