//! A queue whose jobs are done together: while a batch is under way, what arrives collects, and is the
//! next batch. A lone job waits for nobody. One batch at a time is the fastest, since each has its price;
//! only when a batch takes long another lane helps.

use std::{collections::VecDeque, pin::pin, sync::Mutex, time::Duration};

use tokio::{sync::oneshot, time::timeout};

use crate::{store::StoreError, supervisor::lock};

/// The answer that a job's caller waits for.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Jobs that wait, and the lanes that do them.
#[derive(Debug)]
pub(super) struct Lanes<J> {
    queue: Mutex<Queue<J>>,
    /// Names the queue in errors.
    name: &'static str,
    /// Who has waited so long starts another lane: the server is far away, or what is under way hangs.
    patience: Duration,
    lanes_max: usize,
    waiting_max: usize,
}

#[derive(Debug)]
struct Queue<J> {
    waiting: VecDeque<J>,
    /// Lanes that do batches, one after the other.
    lanes: usize,
}

impl<J> Lanes<J> {
    pub(super) const fn new(
        name: &'static str,
        patience: Duration,
        lanes_max: usize,
        waiting_max: usize,
    ) -> Self {
        let queue = Queue { waiting: VecDeque::new(), lanes: 0 };
        let lanes_max = if lanes_max == 0 { 1 } else { lanes_max };
        Self { queue: Mutex::new(queue), name, patience, lanes_max, waiting_max }
    }

    /// When nothing is under way the caller may do its job by itself: it is the lane. `start` starts one
    /// for what has arrived until its end.
    pub(super) fn lead<S: Fn()>(&self, start: S) -> Option<Lane<'_, J, S>> {
        let mut queue = lock(&self.queue);
        let may = queue.lanes == 0;
        queue.lanes += usize::from(may);
        may.then(|| Lane { lanes: self, start, has_ended: false })
    }

    /// Puts a job at the end of the queue, and waits for its answer. `start` starts a lane.
    ///
    /// # Errors
    /// `Busy` when too many wait; `Lost` when the lane panics; else what the lane answers.
    pub(super) async fn submit<T>(
        &self,
        job: impl FnOnce(Answer<T>) -> J,
        start: impl Fn(),
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        if self.enter(job(answer))? {
            start();
        }
        let mut answered = pin!(answered);
        loop {
            match timeout(self.patience, &mut answered).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(_)) => {
                    let text = "what it was done with panicked, or the daemon ended".to_owned();
                    return Err(StoreError::Lost(text));
                }
                Err(_) if self.hurry() => start(),
                Err(_) => {}
            }
        }
    }

    /// True when a lane has to be started for the job.
    pub(super) fn enter(&self, job: J) -> Result<bool, StoreError> {
        let mut queue = lock(&self.queue);
        if queue.waiting.len() >= self.waiting_max {
            return Err(StoreError::Busy { queue: self.name });
        }
        queue.waiting.push_back(job);
        let is_first = queue.lanes == 0;
        queue.lanes += usize::from(is_first);
        Ok(is_first)
    }

    /// Somebody has waited for long; true when another lane has to be started.
    fn hurry(&self) -> bool {
        let mut queue = lock(&self.queue);
        let another = !queue.waiting.is_empty() && queue.lanes < self.lanes_max;
        queue.lanes += usize::from(another);
        another
    }

    /// The next batch of a lane, as `take` chooses from what waits; without any, the lane ends.
    pub(super) fn next(&self, take: impl FnOnce(&mut VecDeque<J>) -> Vec<J>) -> Vec<J> {
        let mut queue = lock(&self.queue);
        let batch = take(&mut queue.waiting);
        queue.lanes -= usize::from(batch.is_empty());
        batch
    }

    /// Does batches until none is left. A lane that ends otherwise is started again for those who wait.
    pub(super) async fn run<F: Future<Output = ()>>(
        &self,
        take: impl Fn(&mut VecDeque<J>) -> Vec<J>,
        work: impl Fn(Vec<J>) -> F,
        start: impl Fn(),
    ) {
        let mut lane = Lane { lanes: self, start, has_ended: false };
        loop {
            let batch = self.next(&take);
            lane.has_ended = batch.is_empty();
            if lane.has_ended {
                return;
            }
            work(batch).await;
        }
    }
}

/// A lane that is under way, to its end.
pub(super) struct Lane<'a, J, S: Fn()> {
    lanes: &'a Lanes<J>,
    start: S,
    has_ended: bool,
}

impl<J, S: Fn()> Drop for Lane<'_, J, S> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let waits = !lock(&self.lanes.queue).waiting.is_empty();
        if waits {
            (self.start)();
        } else {
            lock(&self.lanes.queue).lanes -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(5);

    fn all(waiting: &mut VecDeque<u32>) -> Vec<u32> {
        waiting.drain(..).collect()
    }

    #[test]
    fn what_arrives_while_a_batch_is_under_way_is_the_next_one() {
        let lanes = Lanes::new("a queue", PATIENCE, 2, 10);
        assert_eq!(lanes.enter(1), Ok(true));
        assert_eq!(lanes.next(all), [1]);
        assert_eq!(lanes.enter(2), Ok(false), "a batch is under way");
        assert_eq!(lanes.enter(3), Ok(false));
        assert_eq!(lanes.next(all), [2, 3]);
        assert!(lanes.next(all).is_empty(), "the lane ends");
        assert_eq!(lanes.enter(4), Ok(true));
    }

    #[test]
    fn a_lone_caller_is_the_lane_and_starts_one_for_those_who_came_meanwhile() {
        let lanes = Lanes::new("a queue", PATIENCE, 2, 10);
        let started = std::cell::Cell::new(0);
        let start = || started.set(started.get() + 1);
        drop(lanes.lead(start).expect("nothing is under way"));
        assert_eq!(started.get(), 0, "nobody waits");
        let lane = lanes.lead(start).expect("the last one has ended");
        assert!(lanes.lead(start).is_none());
        assert_eq!(lanes.enter(1), Ok(false), "a lane is under way");
        drop(lane);
        assert_eq!(started.get(), 1);
        assert_eq!(lanes.next(all), [1]);
    }

    #[test]
    fn a_batch_that_takes_long_gets_company_up_to_the_last_lane() {
        let lanes = Lanes::new("a queue", PATIENCE, 2, 10);
        assert_eq!(lanes.enter(1), Ok(true));
        assert_eq!(lanes.next(all), [1]);
        assert!(!lanes.hurry(), "nobody waits");
        assert_eq!(lanes.enter(2), Ok(false));
        assert!(lanes.hurry());
        assert!(!lanes.hurry(), "both lanes are taken");
        assert_eq!(lanes.next(all), [2]);
    }

    #[test]
    fn the_queue_is_bounded() {
        let lanes = Lanes::new("a queue", PATIENCE, 1, 2);
        assert_eq!(lanes.enter(1), Ok(true));
        assert_eq!(lanes.enter(2), Ok(false));
        assert!(matches!(lanes.enter(3), Err(StoreError::Busy { queue: "a queue" })));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_hanging_batch_is_served_by_another_lane() {
        let lanes = std::sync::Arc::new(Lanes::<(u32, Answer<u32>)>::new("a queue", PATIENCE, 2, 10));
        let start = |lanes: &std::sync::Arc<Lanes<(u32, Answer<u32>)>>| {
            let lanes = std::sync::Arc::clone(lanes);
            tokio::spawn(async move {
                let work = |batch: Vec<(u32, Answer<u32>)>| async move {
                    for (number, answer) in batch {
                        if number == 1 {
                            std::future::pending::<()>().await;
                        }
                        let _ = answer.send(Ok(number));
                    }
                };
                lanes.run(|waiting| waiting.drain(..).collect(), work, || ()).await;
            });
        };
        let hanging = std::sync::Arc::clone(&lanes);
        tokio::spawn(async move { hanging.submit(|answer| (1, answer), || start(&hanging)).await });
        tokio::task::yield_now().await;
        assert_eq!(lanes.submit(|answer| (2, answer), || start(&lanes)).await, Ok(2));
    }
}
