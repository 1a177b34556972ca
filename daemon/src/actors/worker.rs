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
    mailbox: usize,
    _guard: DeathGuard,
}

impl<R: Unpin + 'static> Actor for Worker<R> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(self.mailbox);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Job<R>(Box<dyn FnOnce(&mut R) + Send>);

impl<R: Unpin + 'static> Handler<Job<R>> for Worker<R> {
    type Result = ();

    fn handle(&mut self, job: Job<R>, _: &mut Self::Context) {
        (job.0)(&mut self.resource);
    }
}

/// A handle to one supervised worker.
pub struct WorkerHandle<R: Unpin + 'static> {
    slot: Arc<Slot<Worker<R>>>,
    queue: &'static str,
    waiting: Arc<AtomicU32>,
}

impl<R: Unpin + 'static> Clone for WorkerHandle<R> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot), queue: self.queue, waiting: Arc::clone(&self.waiting) }
    }
}

impl<R: Unpin + 'static> std::fmt::Debug for WorkerHandle<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerHandle").field("queue", &self.queue).finish_non_exhaustive()
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
            Ok(Worker::start_in_arbiter(&arbiter, move |_| Worker { resource, mailbox, _guard: guard }))
        })?;
        supervisor.watch(Arc::clone(&slot) as _);
        Ok(Self { slot, queue, waiting: Arc::default() })
    }

    /// Jobs that wait or run.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Runs a job on the resource.
    ///
    /// # Errors
    /// `Busy` when the mailbox is full, `Lost` when the job panicked, else what the job returns.
    pub async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut R) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let in_hand = InHand::new(&self.waiting);
        let job = Job::<R>(Box::new(move |resource| {
            let result = job(resource);
            drop(in_hand);
            let _ = answer.send(result);
        }));
        deliver(&self.slot, job, self.queue).await?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Lost(format!("{} panicked", self.queue))))
    }
}

/// Counts a request for as long as it waits or runs.
struct InHand(Arc<AtomicU32>);

impl InHand {
    fn new(counter: &Arc<AtomicU32>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts a message into an actor's mailbox; when the actor has died, waits until it is back.
pub(super) async fn deliver<A, M>(slot: &Slot<A>, message: M, queue: &'static str) -> Result<(), StoreError>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    let mut address: Addr<A> = slot.address();
    let mut message = message;
    loop {
        message = match address.try_send(message) {
            Ok(()) => return Ok(()),
            Err(SendError::Full(_)) => return Err(StoreError::Busy { queue }),
            Err(SendError::Closed(message)) => message,
        };
        address = slot.wait_revived().await?;
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
