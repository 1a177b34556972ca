//! New entries of many callers are stored together: while as many batches are under way as there are
//! lanes, what arrives collects, and is the next batch. There is no timer: a lone write waits for
//! nobody.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::Mutex,
};

use tokio::sync::oneshot;

use super::{add, exact};
use crate::{
    store::{StoreError, WriteOutcome, postgres::PostgresStore, rules::PreparedWrite},
    supervisor::lock,
};

/// Most writes in one batch, and the words they may have.
const BATCH_MAX: usize = 128;
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// What waits to be stored.
#[derive(Debug)]
pub(in crate::store::postgres) struct Batches {
    queue: Mutex<Queue>,
    waiting_max: usize,
}

#[derive(Debug)]
struct Queue {
    waiting: VecDeque<Job>,
    /// Further batches that may be begun.
    free_lanes: usize,
}

#[derive(Debug)]
struct Job {
    write: PreparedWrite,
    answer: oneshot::Sender<Result<WriteOutcome, StoreError>>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.write.texts.iter().map(|text| text.content.len()).sum()
    }
}

impl Batches {
    pub(in crate::store::postgres) fn new(lanes: usize, waiting_max: usize) -> Self {
        let queue = Queue { waiting: VecDeque::new(), free_lanes: lanes.max(1) };
        Self { queue: Mutex::new(queue), waiting_max }
    }

    /// Puts a write at the end of the queue; true when a lane has to be started for it.
    fn enter(&self, job: Job) -> Result<bool, StoreError> {
        let mut queue = lock(&self.queue);
        if queue.waiting.len() >= self.waiting_max {
            return Err(StoreError::Busy { queue: "the queue of new entries" });
        }
        queue.waiting.push_back(job);
        let is_free = queue.free_lanes > 0;
        queue.free_lanes -= usize::from(is_free);
        Ok(is_free)
    }

    /// The next batch of a lane; without any, the lane ends.
    fn next(&self) -> Vec<Job> {
        let mut queue = lock(&self.queue);
        let (mut batch, mut later, mut bytes, mut keys) = (Vec::new(), Vec::new(), 0, HashSet::new());
        while let Some(job) = queue.waiting.pop_front() {
            // The same write, sent twice, is applied by the first and answered to both.
            if job.write.request.idempotency.is_some_and(|key| !keys.insert(key.key)) {
                later.push(job);
                continue;
            }
            bytes += job.bytes();
            batch.push(job);
            if batch.len() >= BATCH_MAX || bytes >= BATCH_BYTES_MAX {
                break;
            }
        }
        for job in later.into_iter().rev() {
            queue.waiting.push_front(job);
        }
        queue.free_lanes += usize::from(batch.is_empty());
        batch
    }

    fn is_empty(&self) -> bool {
        lock(&self.queue).waiting.is_empty()
    }

    fn free_lane(&self) {
        lock(&self.queue).free_lanes += 1;
    }
}

/// Stores one new entry, together with those of other callers.
///
/// # Errors
/// `Busy` when too many wait; else as [`exact::apply`].
pub(super) async fn apply(store: &PostgresStore, write: PreparedWrite) -> Result<WriteOutcome, StoreError> {
    let (answer, answered) = oneshot::channel();
    if store.batches.enter(Job { write, answer })? {
        spawn_lane(store);
    }
    answered
        .await
        .unwrap_or_else(|_| Err(StoreError::Lost("the write panicked, or the daemon ended".to_owned())))
}

async fn run_lane(store: PostgresStore) {
    let mut lane = Lane { store: &store, has_ended: false };
    while !lane.has_ended {
        let batch = store.batches.next();
        lane.has_ended = batch.is_empty();
        store_batch(&store, batch).await;
    }
}

/// A lane that ends in a panic is started again for those who wait.
struct Lane<'a> {
    store: &'a PostgresStore,
    has_ended: bool,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if std::thread::panicking() && !self.store.batches.is_empty() {
            spawn_lane(self.store);
        } else {
            self.store.batches.free_lane();
        }
    }
}

// Boxed, since a lane starts a lane.
fn spawn_lane(store: &PostgresStore) {
    let lane: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(run_lane(store.clone()));
    store.writers.spawn(lane);
}

async fn store_batch(store: &PostgresStore, batch: Vec<Job>) {
    if batch.is_empty() {
        return;
    }
    let writes: Vec<&PreparedWrite> = batch.iter().map(|job| &job.write).collect();
    let (outcomes, failure) = match add::each(store, &writes).await {
        Ok(outcomes) => (outcomes, None),
        Err(error) => ((0..batch.len()).map(|_| None).collect(), Some(error)),
    };
    for (job, outcome) in batch.into_iter().zip(outcomes) {
        match outcome {
            Some(outcome) => {
                store.tell(&outcome);
                let _ = job.answer.send(Ok(outcome));
            }
            None => alone(store, job, failure.clone()),
        }
    }
}

/// A write that was not stored with the others goes its own way, which says why.
fn alone(store: &PostgresStore, job: Job, failure: Option<StoreError>) {
    if let Some(error) = &failure
        && is_of_the_server(error)
    {
        let _ = job.answer.send(Err(error.clone()));
        return;
    }
    let task_store = store.clone();
    store.writers.spawn(async move {
        let lost = failure.filter(|error| matches!(error, StoreError::Unsettled(_)));
        let result = exact::apply(&task_store, &job.write, lost).await;
        if let Ok(outcome) = &result {
            task_store.tell(outcome);
        }
        let _ = job.answer.send(result);
    });
}

/// Whether the next attempt would fail as well, whoever makes it.
const fn is_of_the_server(error: &StoreError) -> bool {
    match error {
        StoreError::Busy { .. }
        | StoreError::DeadlineExceeded
        | StoreError::BreakerOpen { .. }
        | StoreError::DiskFull(_)
        | StoreError::ReadOnly(_)
        | StoreError::Unavailable(_) => true,
        StoreError::Refused(_)
        | StoreError::Corrupt(_)
        | StoreError::Locked(_)
        | StoreError::Contended(_)
        | StoreError::Lost(_)
        | StoreError::Unsettled(_)
        | StoreError::Other(_) => false,
    }
}
