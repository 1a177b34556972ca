//! The import: reads a source on a thread of its own, hands its items to the daemon in parts of bounded
//! size, and has everything stored at the end, all or nothing.

use std::time::Duration;

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response,
    codec::Message,
    model::{Id, PortableScope},
    request::{
        BeginImport, EndImport, FinishImport, ImportExtra, ImportItem, ImportOptions, StageExtras,
        StageImport,
    },
    response::{ImportOutcome, ImportRefusal, Masking},
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
    pub outcome: ImportOutcome,
    /// Relations of the source that do not say by ids what they are between: they were left out.
    pub relations_left_out: u64,
    /// Tags, tasks and relations that an older daemon does not take: they were left out.
    pub extras_left_out: u64,
    /// Secrets that were masked, by position.
    pub masked: Option<Masking>,
}

/// The version of the protocol since which daemons give and take tags, tasks and relations.
pub(super) const EXTRAS_SINCE: u16 = 5;
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
    let takes_extras = client.client().await?.welcome().protocol >= EXTRAS_SINCE;
    let mut hand_over = HandOver::new(client, import_id, run.call, takes_extras);
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
    let (relations_left_out, extras_left_out) = (hand_over.relations, hand_over.extras_left_out);
    let masked = hand_over.masked.take();
    let outcome = hand_over.finish(run.dry_run, run.patience).await?;
    Ok(Imported { outcome, relations_left_out, extras_left_out, masked })
}

/// What is on its way to the daemon.
struct HandOver<'a> {
    client: &'a ReconnectingClient,
    import_id: Id,
    call: CallOptions,
    part: u32,
    scopes: Vec<PortableScope>,
    items: Vec<ImportItem>,
    extras: Vec<ImportExtra>,
    takes_extras: bool,
    extras_left_out: u64,
    bytes: usize,
    entries: u64,
    refusals: Vec<ImportRefusal>,
    refused_total: u64,
    relations: u64,
    masked: Option<Masking>,
}

impl<'a> HandOver<'a> {
    fn new(client: &'a ReconnectingClient, import_id: Id, call: CallOptions, takes_extras: bool) -> Self {
        Self {
            client,
            import_id,
            call,
            part: 0,
            scopes: Vec::new(),
            items: Vec::new(),
            extras: Vec::new(),
            takes_extras,
            extras_left_out: 0,
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
                self.make_room(size(&item)?, progress).await?;
                self.items.push(item);
            }
            Item::Extra(_) if !self.takes_extras => self.extras_left_out += 1,
            Item::Extra(item) => {
                self.make_room(size(&item)?, progress).await?;
                self.extras.push(item);
            }
            Item::Relations(relations) => self.relations += relations,
            Item::Refused(refusal) => {
                self.refused_total += 1;
                if self.refusals.len() < REFUSALS_MAX {
                    self.refusals.push(refusal);
                }
            }
        }
        let waiting = self.items.len() + self.scopes.len() + self.extras.len();
        if waiting >= PART_ENTRIES || self.bytes >= PART_BYTES {
            self.send(progress).await?;
        }
        Ok(())
    }

    /// Sends what waits, if so many bytes more would be too many for a part.
    async fn make_room(&mut self, bytes: usize, progress: &mut dyn Progress) -> Result<(), ClientError> {
        if self.bytes + bytes > PART_BYTES && self.bytes > 0 {
            self.send(progress).await?;
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Sends what waits.
    async fn send(&mut self, progress: &mut dyn Progress) -> Result<(), ClientError> {
        self.bytes = 0;
        let import_id = self.import_id;
        if !self.items.is_empty() || !self.scopes.is_empty() {
            let (scopes, items) = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.items));
            self.entries += items.len() as u64;
            let part = StageImport { import_id, part: self.part, scopes, items };
            self.send_part(Request::StageImport(part)).await?;
            progress.handed_over(self.entries);
        }
        if !self.extras.is_empty() {
            let extras = std::mem::take(&mut self.extras);
            let part = StageExtras { import_id, part: self.part, extras };
            self.send_part(Request::StageExtras(part)).await?;
        }
        Ok(())
    }

    async fn send_part(&mut self, part: Request) -> Result<(), ClientError> {
        self.part += 1;
        let reply = exchange(self.client, &part, &self.call).await?;
        if let Some(masked) = reply.masked {
            self.masked.get_or_insert_default().add(masked);
        }
        match reply.response {
            Response::ImportStaged(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Has it stored. What was refused on this side already makes it a trial, which finds what else
    /// is refused.
    async fn finish(mut self, dry_run: bool, patience: Duration) -> Result<ImportOutcome, ClientError> {
        let is_refused = self.refused_total > 0;
        let request = FinishImport { import_id: self.import_id, dry_run: dry_run || is_refused };
        let call = self.call.clone().with_deadline(patience);
        let mut outcome = match ask(self.client, &Request::FinishImport(request), &call).await? {
            Response::ImportOutcome(outcome) => *outcome,
            Response::Imported(report) => {
                ImportOutcome { report, extras: Vec::new(), task_links_left_out: 0, relations_removed: 0 }
            }
            other => return Err(unexpected(&other)),
        };
        let report = &mut outcome.report;
        report.refused_total += self.refused_total;
        self.refusals.append(&mut report.refusals);
        self.refusals.truncate(REFUSALS_MAX);
        report.refusals = self.refusals;
        Ok(outcome)
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
