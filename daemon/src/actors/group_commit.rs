//! The writer: one actor on its own thread that drains its mailbox, applies each write, commits
//! the batch once, and then answers all. No timer: a lone write waits for nobody.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, SpawnHandle};
use tokio::sync::oneshot;

use super::worker::{DELIVERIES_MAX, InHand, Queue, deliver};
use crate::{
    store::StoreError,
    supervisor::{DeathGuard, Slot, Supervisor},
};

/// A store that applies writes in batches. Called from one thread only.
pub trait BatchWriter: Send + Unpin + 'static {
    /// One write.
    type Request: Send + 'static;
    /// Its answer.
    type Reply: Send + 'static;

    /// Opens a transaction.
    ///
    /// # Errors
    /// Refuses every write that waits.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Applies one write within the transaction. An error leaves no trace of it in the transaction.
    ///
    /// # Errors
    /// Refuses this write; the others go on.
    fn apply(&mut self, request: &Self::Request) -> Result<Self::Reply, StoreError>;

    /// Undoes what a write that panicked left in the transaction.
    fn undo(&mut self);

    /// Makes the transaction durable.
    ///
    /// # Errors
    /// None of its writes was applied, and all are refused.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Gives up the transaction.
    fn rollback(&mut self);

    /// Told of each durable reply, after the commit and before the answer.
    fn committed(&mut self, reply: &Self::Reply);

    /// Housekeeping while nobody waits; true when there is more to do.
    fn idle(&mut self) -> bool;

    /// The last call: leaves the store as small and clean as it can.
    fn close(&mut self);
}

/// Largest number of writes in one transaction.
const BATCH_MAX: usize = 256;
/// Nobody has written for so long: time for housekeeping.
const IDLE_AFTER: Duration = Duration::from_millis(20);

struct GroupCommit<W: BatchWriter> {
    writer: W,
    batch: Vec<Pending<W>>,
    is_open: bool,
    idle: Option<SpawnHandle>,
    _guard: DeathGuard,
}

// Nothing in it is ever pinned in place.
impl<W: BatchWriter> Unpin for GroupCommit<W> {}

struct Pending<W: BatchWriter> {
    result: Result<W::Reply, StoreError>,
    answer: Answer<W>,
    _in_hand: InHand,
}

type Answer<W> = oneshot::Sender<Result<<W as BatchWriter>::Reply, Refusal<W>>>;

/// Why there is no reply.
enum Refusal<W: BatchWriter> {
    /// The write failed.
    Failed(StoreError),
    /// The writer ended before it looked at the request, which comes back.
    NotBegun(W::Request, InHand),
}

impl<W: BatchWriter> Actor for GroupCommit<W> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.idle_later(context);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Submit<W: BatchWriter>(Option<(W::Request, InHand, Answer<W>)>);

/// A request that was still in the mailbox when the writer ended was certainly not applied.
impl<W: BatchWriter> Drop for Submit<W> {
    fn drop(&mut self) {
        if let Some((request, in_hand, answer)) = self.0.take() {
            let _ = answer.send(Err(Refusal::NotBegun(request, in_hand)));
        }
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct CommitBatch;

/// Work of its own between two batches.
#[derive(Message)]
#[rtype(result = "()")]
struct Alone<W: BatchWriter>(Box<dyn FnOnce(&mut W) + Send>);

#[derive(Message)]
#[rtype(result = "()")]
struct Idle;

#[derive(Message)]
#[rtype(result = "()")]
struct Close(oneshot::Sender<()>);

impl<W: BatchWriter> Handler<Submit<W>> for GroupCommit<W> {
    type Result = ();

    fn handle(&mut self, mut submit: Submit<W>, context: &mut Self::Context) {
        let Some((request, in_hand, answer)) = submit.0.take() else { return };
        if answer.is_closed() {
            return; // The caller gave up before the write was begun.
        }
        if !self.is_open {
            if let Err(error) = self.writer.begin() {
                let _ = answer.send(Err(Refusal::Failed(error)));
                return;
            }
            self.is_open = true;
            // The mailbox is drained before this message to ourselves is looked at.
            context.notify(CommitBatch);
        }
        let writer = &mut self.writer;
        let applied = catch_unwind(AssertUnwindSafe(|| writer.apply(&request)));
        let result = applied.unwrap_or_else(|_| {
            writer.undo();
            Err(StoreError::Lost("this write panicked; it was not applied".to_owned()))
        });
        self.batch.push(Pending { result, answer, _in_hand: in_hand });
        if self.batch.len() >= BATCH_MAX {
            self.commit(context);
        }
    }
}

impl<W: BatchWriter> Handler<Alone<W>> for GroupCommit<W> {
    type Result = ();

    fn handle(&mut self, alone: Alone<W>, context: &mut Self::Context) {
        self.commit(context);
        let writer = &mut self.writer;
        // What the caller waits for is dropped when the work panics.
        if catch_unwind(AssertUnwindSafe(|| alone.0(writer))).is_err() {
            self.writer.rollback();
        }
        self.idle_later(context);
    }
}

impl<W: BatchWriter> Handler<CommitBatch> for GroupCommit<W> {
    type Result = ();

    fn handle(&mut self, _: CommitBatch, context: &mut Self::Context) {
        self.commit(context);
    }
}

impl<W: BatchWriter> Handler<Idle> for GroupCommit<W> {
    type Result = ();

    fn handle(&mut self, _: Idle, context: &mut Self::Context) {
        self.idle = None;
        if !self.is_open && self.writer.idle() {
            self.idle_later(context);
        }
    }
}

impl<W: BatchWriter> Handler<Close> for GroupCommit<W> {
    type Result = ();

    fn handle(&mut self, close: Close, context: &mut Self::Context) {
        self.commit(context);
        self.writer.close();
        context.stop();
        let _ = close.0.send(());
    }
}

impl<W: BatchWriter> GroupCommit<W> {
    fn commit(&mut self, context: &mut Context<Self>) {
        if !self.is_open {
            return;
        }
        self.is_open = false;
        let outcome = if self.batch.iter().any(|pending| pending.result.is_ok()) {
            self.writer.commit()
        } else {
            self.writer.rollback();
            Ok(())
        };
        for pending in self.batch.drain(..) {
            let result = match (&outcome, pending.result) {
                (Ok(()), Ok(reply)) => {
                    self.writer.committed(&reply);
                    Ok(reply)
                }
                (Err(error), Ok(_)) => Err(error.clone()),
                (_, Err(error)) => Err(error),
            };
            let _ = pending.answer.send(result.map_err(Refusal::Failed));
        }
        self.idle_later(context);
    }

    fn idle_later(&mut self, context: &mut Context<Self>) {
        if let Some(scheduled) = self.idle.take() {
            context.cancel_future(scheduled);
        }
        self.idle = Some(context.notify_later(Idle, IDLE_AFTER));
    }
}

/// A handle to the supervised writer.
pub struct WriterHandle<W: BatchWriter> {
    slot: Arc<Slot<GroupCommit<W>>>,
    queue: Queue,
}

impl<W: BatchWriter> Clone for WriterHandle<W> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), queue: self.queue.clone() }
    }
}

impl<W: BatchWriter> std::fmt::Debug for WriterHandle<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriterHandle").finish_non_exhaustive()
    }
}

impl<W: BatchWriter> WriterHandle<W> {
    /// Starts the writer on a thread of its own.
    ///
    /// # Errors
    /// What `factory` returns; later, when it restarts, the supervisor tries again.
    pub fn start(
        supervisor: &Supervisor,
        mailbox: usize,
        factory: impl Fn() -> Result<W, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let arbiter = actix_rt::Arbiter::new().handle();
        let slot = Slot::start("writer".to_owned(), supervisor.downgrade(), move |guard| {
            let writer = factory()?;
            Ok(GroupCommit::start_in_arbiter(&arbiter, move |_| GroupCommit {
                writer,
                batch: Vec::new(),
                is_open: false,
                idle: None,
                _guard: guard,
            }))
        })?;
        supervisor.watch(Arc::clone(&slot) as _);
        Ok(Self { slot, queue: Queue::new("the writer's queue", mailbox) })
    }

    /// Applies one write durably. A write that waits while the writer panics over another one is
    /// not lost: it goes to the writer that takes its place.
    ///
    /// # Errors
    /// `Busy` when the mailbox is full, `Unavailable` when the writer was closed, `Lost` when it
    /// panicked with this write in hand, else what the writer says.
    pub async fn submit(&self, request: W::Request) -> Result<W::Reply, StoreError> {
        let mut work = (request, self.queue.enter()?);
        for _ in 0..DELIVERIES_MAX {
            if self.slot.is_retired() {
                break;
            }
            let (answer, answered) = oneshot::channel();
            let (request, in_hand) = work;
            deliver(&self.slot, Submit::<W>(Some((request, in_hand, answer))), &self.queue).await?;
            work = match answered.await {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(Refusal::Failed(error))) => return Err(error),
                Ok(Err(Refusal::NotBegun(request, in_hand))) => (request, in_hand),
                Err(_) => return Err(StoreError::Lost("the writer panicked".to_owned())),
            };
        }
        Err(StoreError::Unavailable("the writer has stopped".to_owned()))
    }

    /// Does something between two batches, with no transaction open. Writes wait meanwhile.
    ///
    /// # Errors
    /// As [`WriterHandle::submit`].
    pub async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut W) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let in_hand = self.queue.enter()?;
        let (answer, answered) = oneshot::channel();
        let work = move |writer: &mut W| {
            let result = work(writer);
            drop(in_hand);
            let _ = answer.send(result);
        };
        deliver(&self.slot, Alone::<W>(Box::new(work)), &self.queue).await?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Lost("the writer panicked".to_owned())))
    }

    /// Finishes what was submitted, closes the writer and stops it for good.
    pub async fn close(&self) {
        self.slot.retire();
        let (closed, done) = oneshot::channel();
        if self.slot.address().send(Close(closed)).await.is_ok() {
            let _ = done.await;
        }
    }
}
