//! The import: reads a source on a thread of its own, hands its items to the daemon in parts of bounded
//! size, and has everything stored at the end, all or nothing.

use std::time::Duration;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    codec::Message,
    model::{Id, PortableScope},
    request::{BeginImport, EndImport, FinishImport, ImportItem, ImportOptions, StageImport},
    response::{ImportRefusal, ImportReport, Masking},
};
use tokio::{runtime::Handle, sync::mpsc, time::sleep};

use super::{Item, Source, SourceError, Stopped};
use crate::{CallOptions, ClientError, ReconnectingClient, Reply};

/// Told of how many entries were handed over, and that they are being stored.
pub trait Progress: Send {
    /// So many entries have been read and handed over.
    fn handed_over(&mut self, entries: u64);
    /// Everything is handed over; the daemon stores it.
    fn storing(&mut self, entries: u64);
}

/// How an import is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRun {
    /// How to import.
    pub options: ImportOptions,
    /// The daemon's admin key, where it has one.
    pub admin_key: Option<String>,
    /// Tells what would be done, and does nothing.
    pub dry_run: bool,
    /// How long the daemon may take to store everything.
    pub patience: Duration,
    /// On whose behalf.
    pub call: CallOptions,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What the daemon says.
    pub report: ImportReport,
    /// Relations that the source has and an import does not carry: they were left out.
    pub relations_left_out: u64,
    /// Secrets that were masked, by position.
    pub masked: Option<Masking>,
}

/// Entries and bytes of one part at most.
const PART_ENTRIES: usize = 1_000;
const PART_BYTES: usize = 1024 * 1024;
/// Items that the source may be ahead of the daemon.
const AHEAD: usize = 256;
/// How long the daemon may take to end an import that failed.
const END_WAIT: Duration = Duration::from_secs(5);
/// Refusals that are told.
const REFUSALS_MAX: usize = 100;

/// Imports everything that a source gives.
///
/// # Errors
/// When the source cannot be read or the daemon refuses the import as a whole. That single entries are
/// refused is in the report.
pub async fn import(
    client: &ReconnectingClient,
    source: Box<dyn Source>,
    run: ImportRun,
    progress: &mut dyn Progress,
) -> Result<Imported, ClientError> {
    let begin = BeginImport { options: run.options.clone(), admin_key: run.admin_key.clone() };
    let import_id = match ask(client, &Request::BeginImport(begin), &run.call).await? {
        Response::ImportBegun(id) => id,
        other => return Err(unexpected(&other)),
    };
    let mut begun =
        Begun { client, import_id, call: run.call.clone().with_deadline(END_WAIT), is_over: false };
    let imported = carry_over(client, import_id, source, run, progress).await;
    if imported.is_err() {
        begun.end().await;
    }
    begun.is_over = true;
    imported
}

/// An import that the daemon keeps room for: it is told when nothing more comes, also when the caller gives up.
struct Begun<'a> {
    client: &'a ReconnectingClient,
    import_id: Id,
    call: CallOptions,
    is_over: bool,
}

impl Begun<'_> {
    /// Whatever is answered, it has ended: a daemon that did not hear of it ends it by itself after a while.
    fn end(&self) -> impl Future<Output = ()> + use<> {
        let (client, call) = (self.client.clone(), self.call.clone());
        let request = Request::EndImport(EndImport { import_id: self.import_id });
        async move { drop(client.call(request, call).await) }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.is_over, Handle::try_current()) {
            runtime.spawn(self.end());
        }
    }
}

async fn carry_over(
    client: &ReconnectingClient,
    import_id: Id,
    source: Box<dyn Source>,
    run: ImportRun,
    progress: &mut dyn Progress,
) -> Result<Imported, ClientError> {
    let (sender, mut items) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        source.read(&mut |item| sender.blocking_send(item).map_err(|_| Stopped))
    });
    let mut hand_over = HandOver::new(client, import_id, run.call);
    while let Some(item) = items.recv().await {
        hand_over.take(item, progress).await?;
    }
    match reading.await {
        Ok(Ok(()) | Err(SourceError::Stopped)) => {}
        Ok(Err(SourceError::Unreadable(body))) => return Err(ClientError::Refused(body)),
        Err(_) => {
            return Err(ErrorBody::new(ErrorCode::Internal, "reading what is to be imported crashed").into());
        }
    }
    hand_over.send(progress).await?;
    progress.storing(hand_over.entries);
    let relations_left_out = hand_over.relations;
    let masked = hand_over.masked.take();
    let report = hand_over.finish(run.dry_run, run.patience).await?;
    Ok(Imported { report, relations_left_out, masked })
}

/// What is on its way to the daemon.
struct HandOver<'a> {
    client: &'a ReconnectingClient,
    import_id: Id,
    call: CallOptions,
    part: u32,
    scopes: Vec<PortableScope>,
    items: Vec<ImportItem>,
    bytes: usize,
    entries: u64,
    refusals: Vec<ImportRefusal>,
    refused_total: u64,
    relations: u64,
    masked: Option<Masking>,
}

impl<'a> HandOver<'a> {
    fn new(client: &'a ReconnectingClient, import_id: Id, call: CallOptions) -> Self {
        Self {
            client,
            import_id,
            call,
            part: 0,
            scopes: Vec::new(),
            items: Vec::new(),
            bytes: 0,
            entries: 0,
            refusals: Vec::new(),
            refused_total: 0,
            relations: 0,
            masked: None,
        }
    }

    async fn take(&mut self, item: Item, progress: &mut dyn Progress) -> Result<(), ClientError> {
        match item {
            Item::Scope(scope) => {
                self.bytes += size(&scope)?;
                self.scopes.push(scope);
            }
            Item::Entry(item) => {
                let bytes = size(&item)?;
                if self.bytes + bytes > PART_BYTES && self.bytes > 0 {
                    self.send(progress).await?;
                }
                self.bytes += bytes;
                self.items.push(item);
            }
            Item::Relations(relations) => self.relations += relations,
            Item::Refused(refusal) => {
                self.refused_total += 1;
                if self.refusals.len() < REFUSALS_MAX {
                    self.refusals.push(refusal);
                }
            }
        }
        if self.items.len() + self.scopes.len() >= PART_ENTRIES || self.bytes >= PART_BYTES {
            self.send(progress).await?;
        }
        Ok(())
    }

    /// Sends what waits.
    async fn send(&mut self, progress: &mut dyn Progress) -> Result<(), ClientError> {
        if self.items.is_empty() && self.scopes.is_empty() {
            return Ok(());
        }
        let part = StageImport {
            import_id: self.import_id,
            part: self.part,
            scopes: std::mem::take(&mut self.scopes),
            items: std::mem::take(&mut self.items),
        };
        self.entries += part.items.len() as u64;
        self.part += 1;
        self.bytes = 0;
        let reply = exchange(self.client, &Request::StageImport(part), &self.call).await?;
        if let Some(masked) = reply.masked {
            self.masked.get_or_insert_default().add(masked);
        }
        match reply.response {
            Response::ImportStaged(_) => progress.handed_over(self.entries),
            other => return Err(unexpected(&other)),
        }
        Ok(())
    }

    /// Has it stored. What was refused on this side already makes it a trial, which finds what else
    /// is refused.
    async fn finish(mut self, dry_run: bool, patience: Duration) -> Result<ImportReport, ClientError> {
        let is_refused = self.refused_total > 0;
        let request = FinishImport { import_id: self.import_id, dry_run: dry_run || is_refused };
        let call = self.call.clone().with_deadline(patience);
        match ask(self.client, &Request::FinishImport(request), &call).await? {
            Response::Imported(mut report) => {
                report.refused_total += self.refused_total;
                self.refusals.append(&mut report.refusals);
                self.refusals.truncate(REFUSALS_MAX);
                report.refusals = self.refusals;
                Ok(report)
            }
            other => Err(unexpected(&other)),
        }
    }
}

fn size(item: &impl Message) -> Result<usize, ClientError> {
    item.encode().map(|bytes| bytes.len()).map_err(|error| ClientError::Protocol(error.to_string()))
}

/// Asks, for the response alone.
pub(super) async fn ask(
    client: &ReconnectingClient,
    request: &Request,
    call: &CallOptions,
) -> Result<Response, ClientError> {
    Ok(exchange(client, request, call).await?.response)
}

/// Asks; at a rate limit it waits as long as the daemon says, since a transfer is many requests.
async fn exchange(
    client: &ReconnectingClient,
    request: &Request,
    call: &CallOptions,
) -> Result<Reply, ClientError> {
    loop {
        match client.call(request, call.clone()).await {
            Ok(reply) => return Ok(reply),
            Err(ClientError::Refused(body)) if body.code == ErrorCode::RateLimited => {
                let Some(wait_ms) = body.retry_after_ms else { return Err(ClientError::Refused(body)) };
                sleep(Duration::from_millis(wait_ms)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn unexpected(response: &Response) -> ClientError {
    ClientError::Protocol(format!("an answer of another request: {response:.200?}"))
}
