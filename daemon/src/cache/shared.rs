//! The shared cache: answers that daemons of one database leave for each other in Redis. Each tells of
//! which state of the database it is, and is used only where that knows every change that was heard.
//! Nothing is removed: what is too old is passed over, overwritten, and expires.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use agent_memory_proto::{model::ScopeRef, response::SharedCacheHealth};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Dependencies, Ticket,
    requirements::LOOK_AGAIN,
    shared_value::{ANSWER_BYTES_MAX, Question, SharedAnswer},
};
use crate::{
    redis::Redis,
    services::Changes,
    store::{Snapshot, StoreError},
};

/// Answers that wait to be stored; with their greatest size they are 16 MiB.
const WAITING_MAX: usize = 64;
/// Between two looks at the server, however many changes are heard.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// The same while nobody asks for answers.
const UNASKED: Duration = Duration::from_millis(250);
/// As long as transactions that began earlier are under way, looks become rarer up to this.
const BETWEEN_LOOKS_MAX: Duration = Duration::from_secs(1);

/// Tells how far the server is.
pub type Snapshots =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Snapshot, StoreError>> + Send>> + Send + Sync>;

/// The cache.
pub struct SharedCache {
    redis: Redis,
    changes: Arc<Changes>,
    snapshots: Snapshots,
    ttl: Duration,
    waiting: mpsc::Sender<Waiting>,
    /// Taken by the task that stores; another one comes when that died.
    to_store: tokio::sync::Mutex<mpsc::Receiver<Waiting>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

struct Waiting {
    place: Place,
    answer: SharedAnswer,
    dependencies: Dependencies,
    ttl: Duration,
}

impl fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCache").finish_non_exhaustive()
    }
}

/// A question that the cache may answer, and the place of an answer to it that is read from now on.
#[derive(Clone, Debug)]
pub struct Place {
    question: Question,
    ticket: Ticket,
    now_ms: i64,
}

impl SharedCache {
    /// The cache, which keeps each answer for `ttl`.
    #[must_use]
    pub fn new(redis: Redis, changes: Arc<Changes>, snapshots: Snapshots, ttl: Duration) -> Self {
        let (waiting, to_store) = mpsc::channel(WAITING_MAX);
        changes.generations.requirements().begin_use();
        Self {
            redis,
            changes,
            snapshots,
            ttl,
            waiting,
            to_store: to_store.into(),
            hits: 0.into(),
            misses: 0.into(),
        }
    }

    /// The place of a question about these scopes; without scopes, about all. What the answer depends on was
    /// captured before. `None` when the cache is of no use just now.
    #[must_use]
    pub fn place(
        &self,
        question: impl FnOnce() -> Option<Question>,
        scopes: Option<&[ScopeRef]>,
        dependencies: &Dependencies,
        now_ms: i64,
    ) -> Option<Place> {
        if !self.is_usable() {
            return None;
        }
        let generations = &self.changes.generations;
        let ticket = generations.requirements().ticket(scopes, Instant::now())?;
        // The scopes themselves were looked up before; a change of the tree since then is heard here.
        dependencies.hold().then_some(())?;
        Some(Place { question: question()?, ticket, now_ms })
    }

    fn is_usable(&self) -> bool {
        self.redis.is_connected() && !self.changes.generations.are_blind()
    }

    /// The answer that is there, if it may be used and is of the kind that is meant.
    pub async fn find(&self, place: &Place, is_meant: impl FnOnce(&[u8]) -> bool) -> Option<SharedAnswer> {
        let value = self.redis.cached(&place.question.name()).await.ok().flatten();
        let answer = value.and_then(|value| SharedAnswer::open(&place.question, &value));
        let found = answer.filter(|answer| place.takes(answer) && is_meant(&answer.payload));
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// How well it does.
    #[must_use]
    pub fn health(&self) -> SharedCacheHealth {
        SharedCacheHealth {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }

    /// Leaves an answer for the others, soon, if it is of use to them. Never waits: without room, it is
    /// not left.
    pub fn keep(&self, place: Place, payload: &[u8], dependencies: &Dependencies, good_for: Duration) {
        let Ticket { incarnation, at_least, watermark } = place.ticket;
        let is_of_use = watermark >= at_least && payload.len() <= ANSWER_BYTES_MAX && !good_for.is_zero();
        if !is_of_use || self.ttl.is_zero() || !self.redis.is_connected() {
            return;
        }
        let good_for_ms = i64::try_from(good_for.as_millis()).unwrap_or(i64::MAX);
        let Ok(room) = self.waiting.try_reserve() else { return };
        let answer = SharedAnswer {
            incarnation,
            watermark,
            judged_at_ms: place.now_ms,
            good_until_ms: place.now_ms.saturating_add(good_for_ms),
            payload: payload.to_vec(),
        };
        let ttl = good_for.min(self.ttl);
        room.send(Waiting { place, answer, dependencies: dependencies.clone(), ttl });
    }

    /// Stores what waits, for ever.
    pub async fn store(&self) {
        let mut waiting = self.to_store.lock().await;
        while let Some(Waiting { place, answer, dependencies, ttl }) = waiting.recv().await {
            if !dependencies.hold() || !self.redis.is_connected() {
                continue;
            }
            let Some(value) = answer.seal(&place.question) else { continue };
            // Without it, the next one who asks has to ask the database.
            let _ = self.redis.keep_cached(&place.question.name(), &value, ttl).await;
        }
    }

    /// Looks at the server whenever changes were heard, for ever.
    pub async fn look(&self) {
        let requirements = self.changes.generations.requirements();
        let mut pause = BETWEEN_LOOKS;
        loop {
            let _ = timeout(LOOK_AGAIN, requirements.wanted()).await;
            while let Some(began) = requirements.begin_look(Instant::now()) {
                pause = self.look_once(began, pause).await;
                let least = if requirements.are_asked(Instant::now()) { BETWEEN_LOOKS } else { UNASKED };
                sleep(pause.max(least)).await;
            }
        }
    }

    /// Returns how long to wait before the next look, when the last wait was `pause`.
    async fn look_once(&self, began: u64, pause: Duration) -> Duration {
        if !self.is_usable() {
            return UNASKED;
        }
        let generations = &self.changes.generations;
        let looked_at = Instant::now();
        match (self.snapshots)().await {
            Ok(snapshot) => {
                if generations.requirements().settle(began, snapshot, looked_at) {
                    // What is in the local caches may have been read of what the server has lost.
                    generations.raise_all();
                }
                match snapshot.xmin == snapshot.xmax {
                    true => BETWEEN_LOOKS,
                    false => (pause * 2).min(BETWEEN_LOOKS_MAX),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "it is not known how far the server is");
                BETWEEN_LOOKS_MAX
            }
        }
    }
}

impl Place {
    /// Whether the answer knows all that it must.
    fn takes(&self, answer: &SharedAnswer) -> bool {
        answer.incarnation == self.ticket.incarnation
            && answer.watermark >= self.ticket.at_least
            && (answer.judged_at_ms..answer.good_until_ms).contains(&self.now_ms)
    }
}
