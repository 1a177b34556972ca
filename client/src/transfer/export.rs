//! The export: reads the store page by page and gives each page to a writer, which renders it.

use std::io;

use agent_memory_proto::{
    Request, Response,
    model::{EntryKind, ExtraKind, PortableExtra},
    request::{ExportExtras, ExportPage},
    response::{ExportedPage, NotCarried},
};

use super::import::{EXTRAS_SINCE, ask, unexpected};
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
    /// Adds what is beside the entries, in the order of [`ExtraKind`]. False when the document has no place for it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn extras(&mut self, extras: &[PortableExtra]) -> io::Result<bool>;
    /// Ends the document.
    ///
    /// # Errors
    /// When it cannot be written.
    fn end(&mut self) -> io::Result<()>;
}

/// What an export has, and what it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Entries.
    pub entries: u64,
    /// Tags that something is known of.
    pub tags: u64,
    /// Tasks.
    pub tasks: u64,
    /// Relations.
    pub relations: u64,
    /// Relations of which one end only is in the export: they are left out.
    pub relations_left_out: u64,
    /// Tags, tasks and relations that the document has no place for.
    pub without_place: u64,
    /// The daemon is older, and does not give tags, tasks and relations.
    pub is_of_entries_only: bool,
    /// How much is stored of what no export carries, where whoever asks may know.
    pub not_carried: Option<NotCarried>,
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
/// and how many there are where that is known: not before the end when tags narrow it. Returns what was written,
/// and what was left out.
///
/// # Errors
/// When the daemon refuses, or the writer fails.
pub async fn export(
    client: &ReconnectingClient,
    mut request: ExportPage,
    call: &CallOptions,
    writer: &mut dyn ExportWriter,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Exported, ExportError> {
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
    let mut exported = Exported { entries: written, ..Exported::default() };
    let with_tasks = request.kinds.is_empty();
    let extras = ExportExtras { page: ExportPage { cursor: None, ..request }, with_tasks };
    export_extras(client, extras, call, writer, &mut exported).await?;
    writer.end()?;
    progress(written, Some(written));
    Ok(exported)
}

async fn export_extras(
    client: &ReconnectingClient,
    mut request: ExportExtras,
    call: &CallOptions,
    writer: &mut dyn ExportWriter,
    exported: &mut Exported,
) -> Result<(), ExportError> {
    if client.client().await?.welcome().protocol < EXTRAS_SINCE {
        exported.is_of_entries_only = true;
        return Ok(());
    }
    loop {
        let page = match ask(client, &Request::ExportExtras(request.clone()), call).await? {
            Response::ExportedExtras(page) => page,
            other => return Err(unexpected(&other).into()),
        };
        let has_place = writer.extras(&page.extras)?;
        for extra in &page.extras {
            *match extra.kind() {
                _ if !has_place => &mut exported.without_place,
                ExtraKind::Tag => &mut exported.tags,
                ExtraKind::Task => &mut exported.tasks,
                ExtraKind::Relation => &mut exported.relations,
            } += 1;
        }
        exported.relations_left_out += page.relations_left_out;
        exported.not_carried = page.not_carried;
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        request.page.cursor = Some(cursor);
    }
}
