//! Workers: actors that own a resource (a database connection) and run jobs on it, one at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use actix::{Actor, Addr, Context, Handler, Message, dev::SendError};
use actix_rt::ArbiterHandle;
use tokio::sync::oneshot;

use super::{Arbiters, current_session_arbiter};
use crate::{
    store::StoreError,
    supervisor::{DeathGuard, Slot, Supervisor},
};

struct Worker<R> {
    resource: R,
    _guard: DeathGuard,
}

impl<R: Unpin + 'static> Actor for Worker<R> {
    type Context = Context<Self>;
}

/// A job, which is given the resource; or nothing, when the worker ended before it came to it.
#[derive(Message)]
#[rtype(result = "()")]
struct Job<R>(Option<Box<JobFn<R>>>);

type JobFn<R> = dyn FnOnce(Option<&mut R>) + Send;

impl<R: Unpin + 'static> Handler<Job<R>> for Worker<R> {
    type Result = ();

    fn handle(&mut self, mut job: Job<R>, _: &mut Self::Context) {
        if let Some(job) = job.0.take() {
            job(Some(&mut self.resource));
        }
    }
}

impl<R> Drop for Job<R> {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job(None);
        }
    }
}

/// A handle to one supervised worker.
pub struct WorkerHandle<R: Unpin + 'static> {
    slot: Arc<Slot<Worker<R>>>,
    queue: Queue,
}

impl<R: Unpin + 'static> Clone for WorkerHandle<R> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), queue: self.queue.clone() }
    }
}

impl<R: Unpin + 'static> std::fmt::Debug for WorkerHandle<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHandle").field("queue", &self.queue.name).finish_non_exhaustive()
    }
}

impl<R: Send + Unpin + 'static> WorkerHandle<R> {
    /// Starts a worker on a thread of its own.
    ///
    /// # Errors
    /// What `factory` returns; later, when it restarts, the supervisor tries again.
    pub fn start(
        supervisor: &Supervisor,
        name: &str,
        queue: &'static str,
        mailbox: usize,
        factory: impl Fn() -> Result<R, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let arbiter = actix_rt::Arbiter::new().handle();
        Self::start_on(supervisor, arbiter, name, queue, mailbox, factory)
    }

    fn start_on(
        supervisor: &Supervisor,
        arbiter: ArbiterHandle,
        name: &str,
        queue: &'static str,
        mailbox: usize,
        factory: impl Fn() -> Result<R, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let slot = Slot::start(name.to_owned(), supervisor.downgrade(), move |guard| {
            let resource = factory()?;
            Ok(Worker::start_in_arbiter(&arbiter, move |_| Worker { resource, _guard: guard }))
        })?;
        supervisor.watch(Arc::clone(&slot) as _);
        Ok(Self { slot, queue: Queue::new(queue, mailbox) })
    }

    /// Jobs that wait or run.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.queue.waiting()
    }

    /// Runs a job on the resource. A job that waits while the worker panics over another one goes
    /// to the worker that takes its place.
    ///
    /// # Errors
    /// `Busy` when the queue is full, `Lost` when the job panicked, else what the job returns.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut R) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut work = (job, self.queue.enter()?);
        for _ in 0..DELIVERIES_MAX {
            let (answer, answered) = oneshot::channel();
            let (job, in_hand) = work;
            // The place goes along: it is taken until the worker gets there, also when the caller
            // gives up meanwhile. Nobody's job is not run.
            let message = Job::<R>(Some(Box::new(move |resource| match resource {
                Some(_) if answer.is_closed() => {}
                Some(resource) => {
                    let result = job(resource);
                    drop(in_hand);
                    let _ = answer.send(Ok(result));
                }
                None => {
                    let _ = answer.send(Err((job, in_hand)));
                }
            })));
            deliver(&self.slot, message, &self.queue).await?;
            work = match answered.await {
                Ok(Ok(result)) => return result,
                Ok(Err(not_begun)) => not_begun,
                Err(_) => return Err(StoreError::Lost(format!("a job of {} panicked", self.queue.name))),
            };
        }
        Err(StoreError::Unavailable(format!("the actor behind {} keeps ending", self.queue.name)))
    }
}

/// Times that a request is given to an actor which ends before it looks at it.
pub(super) const DELIVERIES_MAX: u32 = 5;

/// The bound of an actor's mailbox. The library's own does not hold: each clone of an address may
/// put one more message into it.
#[derive(Clone)]
pub(super) struct Queue {
    name: &'static str,
    waiting: Arc<AtomicU32>,
    max: u32,
}

impl Queue {
    pub(super) fn new(name: &'static str, max: usize) -> Self {
        Self { name, waiting: Arc::default(), max: u32::try_from(max).unwrap_or(u32::MAX) }
    }

    fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes a place for one request that waits or runs.
    ///
    /// # Errors
    /// `Busy` when there is none.
    pub(super) fn enter(&self) -> Result<InHand, StoreError> {
        let in_hand = InHand(Arc::clone(&self.waiting));
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max {
            return Err(StoreError::Busy { queue: self.name });
        }
        Ok(in_hand)
    }
}

/// The place of one request; it is free again when this is dropped.
pub(super) struct InHand(Arc<AtomicU32>);

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts a message into an actor's mailbox; when the actor has died, waits until it is back.
pub(super) async fn deliver<A, M>(slot: &Slot<A>, message: M, queue: &Queue) -> Result<(), StoreError>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    let mut message = message;
    loop {
        let address: Addr<A> = slot.wait_alive().await?;
        message = match address.try_send(message) {
            Ok(()) => return Ok(()),
            Err(SendError::Full(_)) => return Err(StoreError::Busy { queue: queue.name }),
            Err(SendError::Closed(message)) => message,
        };
    }
}

/// Workers of one kind: one on every session arbiter for short jobs, which then need no other
/// thread, and some on threads of their own for long jobs.
pub struct WorkerPool<R: Unpin + 'static> {
    local: Vec<WorkerHandle<R>>,
    shared: Vec<WorkerHandle<R>>,
}

impl<R: Unpin + 'static> std::fmt::Debug for WorkerPool<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerPool").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl<R: Send + Unpin + 'static> WorkerPool<R> {
    /// Starts a worker on every session arbiter and `shared` more.
    ///
    /// # Errors
    /// What `factory` returns.
    pub fn start(
        supervisor: &Supervisor,
        arbiters: &Arbiters,
        shared: usize,
        name: &str,
        mailbox: usize,
        factory: impl Fn() -> Result<R, StoreError> + Clone + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let queue = "the readers' queue";
        let local = arbiters.handles().into_iter().enumerate().map(|(index, arbiter)| {
            let name = format!("{name}-local-{index}");
            WorkerHandle::start_on(supervisor, arbiter, &name, queue, mailbox, factory.clone())
        });
        let local = local.collect::<Result<_, _>>()?;
        let shared = (0..shared.max(1)).map(|index| {
            WorkerHandle::start(supervisor, &format!("{name}-{index}"), queue, mailbox, factory.clone())
        });
        Ok(Self { local, shared: shared.collect::<Result<_, _>>()? })
    }

    /// Runs a short job: on this session's own thread where there is one.
    ///
    /// # Errors
    /// As [`WorkerHandle::run`].
    pub async fn run_short<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut R) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match current_session_arbiter().and_then(|index| self.local.get(index)) {
            Some(worker) => worker.run(job).await,
            None => self.run_long(job).await,
        }
    }

    /// Runs a long job on the shared worker that has least to do.
    ///
    /// # Errors
    /// As [`WorkerHandle::run`].
    pub async fn run_long<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut R) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let worker = self.shared.iter().min_by_key(|worker| worker.waiting());
        worker.expect("a pool has a shared worker").run(job).await
    }

    /// Workers, idle workers, and jobs that wait.
    #[must_use]
    pub fn load(&self) -> (u32, u32, u32) {
        let workers = self.local.iter().chain(&self.shared);
        let waiting: Vec<u32> = workers.map(WorkerHandle::waiting).collect();
        let idle = waiting.iter().filter(|jobs| **jobs == 0).count();
        let queued: u32 = waiting.iter().map(|jobs| jobs.saturating_sub(1)).sum();
        (u32::try_from(waiting.len()).unwrap_or(u32::MAX), u32::try_from(idle).unwrap_or(u32::MAX), queued)
    }
}
