//! The document as JSON, written and read entry by entry: whatever its size, one entry is in memory.

use std::io::{self, Read, Write};

use agent_memory_proto::{model::PortableExtra, request::ExportPage, response::ExportedPage};

use super::{
    Sink, Source, SourceError,
    document::{self, Fields, Lists},
    export::ExportWriter,
    metered::Metered,
    reading::Reading,
};

/// Writes the document as JSON, one entry on each line.
#[derive(Debug)]
pub struct JsonWriter<W: Write> {
    out: W,
    lists: Lists,
    is_first: bool,
}

impl<W: Write> JsonWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, lists: Lists::default(), is_first: true }
    }

    /// Ends what was begun before the list of that name, and begins it.
    fn go_to(&mut self, list: &str) -> io::Result<()> {
        while let Some((before, object, next)) = self.lists.next_towards(list) {
            match before {
                None => write!(self.out, "\"{object}\":{{")?,
                Some(before) if before == object => write!(self.out, "\n],")?,
                // What follows stands in the document itself.
                Some(_) if object.is_empty() => write!(self.out, "\n]}},")?,
                Some(_) => write!(self.out, "\n]}},\n\"{object}\":{{")?,
            }
            write!(self.out, "\n\"{next}\":[")?;
            self.is_first = true;
        }
        Ok(())
    }

    fn put(&mut self, list: &str, fields: &Fields) -> io::Result<()> {
        self.go_to(list)?;
        self.out.write_all(if self.is_first { b"\n" } else { b",\n" })?;
        self.is_first = false;
        serde_json::to_writer(&mut self.out, fields).map_err(io::Error::from)
    }
}

impl<W: Write + Send> ExportWriter for JsonWriter<W> {
    fn begin(&mut self, request: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()> {
        self.lists = Lists::of(request);
        self.out.write_all(b"{")?;
        for (name, value) in document::head(request, changed_at_ms).iter() {
            write!(self.out, "\n\"{name}\":")?;
            serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?;
            self.out.write_all(b",")?;
        }
        self.out.write_all(b"\n")
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
        self.out.write_all(b"\n]\n}\n")?;
        self.out.flush()
    }
}

/// Reads the document as JSON, also that of the original system.
#[derive(Debug)]
pub struct JsonSource<R>(pub R);

impl<R: Read + Send + 'static> Source for JsonSource<R> {
    fn read(self: Box<Self>, sink: Sink<'_>) -> Result<(), SourceError> {
        let (input, meter) = Metered::new(self.0);
        let mut reading = Reading::new(sink, meter);
        let mut deserializer = serde_json::Deserializer::from_reader(io::BufReader::new(input));
        let read = reading.document(&mut deserializer).and_then(|()| deserializer.end());
        reading.end(read)
    }
}
