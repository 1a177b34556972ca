//! New entries of many callers are stored together. With 16 callers, one batch at a time stored 5,300
//! entries in a second, two at once 4,500, ten 3,800 (two cores): the more, the smaller they are.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    time::Duration,
};

use super::{add, exact};
use crate::store::{
    StoreError, WriteOutcome,
    postgres::{
        PostgresStore,
        lanes::{Answer, Lanes},
    },
    rules::PreparedWrite,
};

/// Most writes in one batch, and the words they may have.
const BATCH_MAX: usize = 128;
const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// A batch takes what the server's disk needs to sync, and a little more.
const PATIENCE: Duration = Duration::from_millis(20);

/// What waits to be stored.
pub(in crate::store::postgres) type Batches = Lanes<Job>;

#[derive(Debug)]
pub(in crate::store::postgres) struct Job {
    write: PreparedWrite,
    answer: Answer<WriteOutcome>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.write.texts.iter().map(|text| text.content.len()).sum()
    }
}

pub(in crate::store::postgres) const fn batches(lanes_max: usize, waiting_max: usize) -> Batches {
    Lanes::new("the queue of new entries", PATIENCE, lanes_max, waiting_max)
}

/// The next batch.
fn take(waiting: &mut VecDeque<Job>) -> Vec<Job> {
    let (mut batch, mut later, mut bytes, mut keys) = (Vec::new(), Vec::new(), 0, HashSet::new());
    while let Some(job) = waiting.pop_front() {
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
        waiting.push_front(job);
    }
    batch
}

/// Stores one new entry, together with those of other callers.
///
/// # Errors
/// `Busy` when too many wait; else as [`exact::apply`].
pub(super) async fn apply(store: &PostgresStore, write: PreparedWrite) -> Result<WriteOutcome, StoreError> {
    store.batches.submit(|answer| Job { write, answer }, || spawn_lane(store)).await
}

// Boxed, since a lane starts a lane.
fn spawn_lane(store: &PostgresStore) {
    let store = store.clone();
    let tracker = store.writers.clone();
    let lane: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        store.batches.run(take, |batch| store_batch(&store, batch), || spawn_lane(&store)).await;
    });
    tracker.spawn(lane);
}

async fn store_batch(store: &PostgresStore, batch: Vec<Job>) {
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
        | StoreError::TakenBack(_)
        | StoreError::Corrupt(_)
        | StoreError::Locked(_)
        | StoreError::Contended(_)
        | StoreError::Lost(_)
        | StoreError::Unsettled(_)
        | StoreError::Other(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Id, ScopeRef};

    use super::*;
    use crate::store::{Caller, Gated, IdempotencyKey, NewEntry, Write, WriteRequest, contract::guideline};

    fn job(name: &str, key: Option<u8>) -> Job {
        let draft = guideline(ScopeRef::GLOBAL, name, 1);
        let entry = NewEntry { id: Id([1; 16]), version_id: Id([2; 16]), draft };
        let request = WriteRequest {
            write: Gated::of_daemon(Write::AddEntries { entries: vec![entry], bulk: false }),
            caller: Caller::benchmark(),
            at_ms: 0,
            idempotency: key.map(|key| IdempotencyKey { key: Id([key; 16]), fingerprint: 0 }),
        };
        Job { write: PreparedWrite::new(request), answer: tokio::sync::oneshot::channel().0 }
    }

    fn names(batch: &[Job]) -> Vec<String> {
        batch.iter().map(|job| job.write.texts[0].name.clone()).collect()
    }

    #[test]
    fn one_key_is_in_a_batch_once() {
        let batches = batches(1, 10);
        for (name, key) in [("one", Some(1)), ("two", Some(1)), ("three", None), ("four", Some(2))] {
            batches.enter(job(name, key)).unwrap();
        }
        assert_eq!(names(&batches.next(take)), ["one", "three", "four"]);
        assert_eq!(names(&batches.next(take)), ["two"]);
    }

    #[test]
    fn a_batch_is_bounded() {
        let batches = batches(1, BATCH_MAX + 1);
        for _ in 0..=BATCH_MAX {
            batches.enter(job("one", None)).unwrap();
        }
        assert!(matches!(batches.enter(job("one", None)), Err(StoreError::Busy { .. })));
        assert_eq!(batches.next(take).len(), BATCH_MAX);
        assert_eq!(batches.next(take).len(), 1);
    }
}
