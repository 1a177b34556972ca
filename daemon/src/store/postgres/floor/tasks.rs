//! A loop in several tasks, spread over the threads that sessions run on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use agent_memory_proto::response::Floor;
use tokio::sync::oneshot;

use crate::{
    actors,
    store::{
        StoreError,
        floor::{TIME_MAX, WARM_UP, summary},
    },
};

/// Runs rounds, by their numbers, in so many tasks until they are done or the time is over. Each task
/// does some first that are not counted: they connect, prepare statements and fill the caches.
///
/// # Errors
/// What a round returns.
pub(super) async fn measure<R, F>(rounds: u32, tasks: u32, round: R) -> Result<Floor, StoreError>
where
    R: Fn(u32) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let tasks = tasks.clamp(1, rounds.max(1));
    run(WARM_UP.saturating_mul(tasks).min(rounds), tasks, round.clone()).await?;
    let started = Instant::now();
    let times_ns = run(rounds, tasks, round).await?;
    let done = u32::try_from(times_ns.len()).unwrap_or(u32::MAX);
    Ok(summary(times_ns, done, started.elapsed()))
}

async fn run<R, F>(rounds: u32, tasks: u32, round: R) -> Result<Vec<u64>, StoreError>
where
    R: Fn(u32) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let next = Arc::new(AtomicU32::new(0));
    let reports: Vec<_> = (0..tasks)
        .map(|task| {
            let (done, report) = oneshot::channel();
            let one = repeat(Arc::clone(&next), rounds, round.clone());
            actors::spawn_in_turn(task as usize, async move {
                // Nobody waits for it when another task has failed.
                let _ = done.send(one.await);
            });
            report
        })
        .collect();
    let mut all = Vec::new();
    for report in reports {
        let lost = || StoreError::Other("a task of the measurement ended".to_owned());
        all.append(&mut report.await.map_err(|_| lost())??);
    }
    Ok(all)
}

async fn repeat<R, F>(next: Arc<AtomicU32>, rounds: u32, round: R) -> Result<Vec<u64>, StoreError>
where
    R: Fn(u32) -> F,
    F: Future<Output = Result<(), StoreError>>,
{
    let started = Instant::now();
    let mut times_ns = Vec::new();
    while started.elapsed() < TIME_MAX {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= rounds {
            break;
        }
        let begun = Instant::now();
        round(number).await?;
        times_ns.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(times_ns)
}
