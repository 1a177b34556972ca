//! The export: reads the store page by page and gives each page to a writer, which renders it.

use std::io;

use agent_memory_proto::{Request, Response, model::EntryKind, request::ExportPage, response::ExportedPage};

use super::import::{ask, unexpected};
use crate::{CallOptions, ClientError, ReconnectingClient};

/// The kinds in the order of an export.
pub const KINDS: [EntryKind; 3] = [EntryKind::Tool, EntryKind::Guideline, EntryKind::Knowledge];

/// Renders an export, as it comes.
pub trait ExportWriter: Send {
    /// Begins the document. What is asked for, and when the latest change of it was made.
    ///
    /// # Errors
    /// When it cannot be written.
    fn begin(&mut self, request: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()>;
    /// Adds a page: its scopes, or its entries, which come by kind in the order of [`KINDS`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn page(&mut self, page: &ExportedPage) -> io::Result<()>;
    /// Ends the document.
    ///
    /// # Errors
    /// When it cannot be written.
    fn end(&mut self) -> io::Result<()>;
}

/// Why an export ended early.
#[derive(Debug)]
pub enum ExportError {
    /// The daemon refused, or cannot be reached.
    Client(ClientError),
    /// It cannot be written.
    Write(io::Error),
}

impl From<ClientError> for ExportError {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Exports what `request` asks for, from its cursor on. `progress` is told how many entries were written,
/// and how many there are where that is known: not before the end when tags narrow it. Returns how many were
/// written.
///
/// # Errors
/// When the daemon refuses, or the writer fails.
pub async fn export(
    client: &ReconnectingClient,
    mut request: ExportPage,
    call: &CallOptions,
    writer: &mut dyn ExportWriter,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<u64, ExportError> {
    let (mut written, mut total, mut has_begun) = (0, None, false);
    loop {
        let page = match ask(client, &Request::ExportPage(request.clone()), call).await? {
            Response::Exported(page) => page,
            other => return Err(unexpected(&other).into()),
        };
        if !has_begun {
            total = page.entries_in_store.filter(|_| request.tags.is_empty());
            writer.begin(&request, page.changed_at_ms)?;
            has_begun = true;
        }
        writer.page(&page)?;
        written += page.entries.len() as u64;
        let Some(cursor) = page.next_cursor else { break };
        progress(written, total);
        request.cursor = Some(cursor);
    }
    writer.end()?;
    progress(written, Some(written));
    Ok(written)
}
