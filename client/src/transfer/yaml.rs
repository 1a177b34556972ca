//! The document as YAML: the same fields in the same order as in JSON, written and read item by item.
//! What is read is hostile: no anchors and aliases, bounded depth, bounded items.

use std::io::{self, Read, Write};

use agent_memory_proto::{model::PortableExtra, request::ExportPage, response::ExportedPage};
use serde::Serialize;

use super::{
    Sink, Source, SourceError,
    document::{self, Fields, Lists},
    export::ExportWriter,
    metered::Metered,
    reading::Reading,
};

/// JSON in an entry is at most 64 deep, and stands at most 6 deep in the document.
const DEPTH_MAX: usize = 72;

/// Writes the document as YAML.
#[derive(Debug)]
pub struct YamlWriter<W: Write> {
    out: W,
    lists: Lists,
    is_empty: bool,
    /// How far the list that was begun last is indented.
    indent: &'static str,
}

impl<W: Write> YamlWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, lists: Lists::default(), is_empty: false, indent: "" }
    }

    /// Begins every list up to that of the name.
    fn go_to(&mut self, list: &str) -> io::Result<()> {
        while let Some((before, object, next)) = self.lists.next_towards(list) {
            self.end_list()?;
            self.indent = if object.is_empty() { "" } else { "  " };
            if before != Some(object) && !object.is_empty() {
                writeln!(self.out, "{object}:")?;
            }
            write!(self.out, "{}{next}:", self.indent)?;
            self.is_empty = true;
        }
        Ok(())
    }

    fn end_list(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_empty) { self.out.write_all(b" []\n") } else { Ok(()) }
    }

    fn put(&mut self, list: &str, fields: &Fields) -> io::Result<()> {
        self.go_to(list)?;
        if std::mem::take(&mut self.is_empty) {
            self.out.write_all(b"\n")?;
        }
        let mut lead = "- ";
        for line in text(fields)?.split_inclusive('\n') {
            // A line without anything is empty whatever it is indented by.
            let is_blank = line == "\n";
            if !is_blank {
                write!(self.out, "{}{lead}", self.indent)?;
            }
            self.out.write_all(line.as_bytes())?;
            lead = "  ";
        }
        Ok(())
    }
}

impl<W: Write + Send> ExportWriter for YamlWriter<W> {
    fn begin(&mut self, request: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()> {
        self.lists = Lists::of(request);
        self.out.write_all(text(&document::head(request, changed_at_ms))?.as_bytes())
    }

    fn page(&mut self, page: &ExportedPage) -> io::Result<()> {
        document::items(page).try_for_each(|(list, fields)| self.put(list, &fields))
    }

    fn extras(&mut self, extras: &[PortableExtra]) -> io::Result<bool> {
        document::extras(extras).try_for_each(|(list, fields)| self.put(list, &fields))?;
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(last) = self.lists.last() {
            self.go_to(last)?;
        }
        self.end_list()?;
        self.out.flush()
    }
}

/// Fields as a block of YAML: texts of several lines stay that, nothing is folded.
pub(super) fn text(fields: &impl Serialize) -> io::Result<String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, fields, options).map_err(io::Error::other)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Without aliases nothing grows while it is read. How large an item is, is bounded by whoever reads.
pub(super) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_documents: 1,
            max_depth: DEPTH_MAX,
        },
        with_snippet: false,
    }
}

/// The first line of what the parser says.
pub(super) fn reason(error: &serde_saphyr::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Reads the document as YAML.
#[derive(Debug)]
pub struct YamlSource<R>(pub R);

impl<R: Read + Send + 'static> Source for YamlSource<R> {
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError> {
        let (input, meter) = Metered::new(self.0);
        let mut reading = Reading::new(sink, meter);
        let read = serde_saphyr::with_deserializer_from_reader_with_options(input, options(), |document| {
            reading.document(document)
        });
        reading.end(read.map_err(|error| reason(&error)))
    }
}
