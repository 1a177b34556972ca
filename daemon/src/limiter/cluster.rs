//! Allowances that all daemons share. A daemon takes them in small batches from Redis and spends them
//! here; how many, grows with what an agent uses. What it does not spend at once it gives back.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::sync::Notify;

use super::Limits;
use crate::{
    redis::{SharedLimits, Taken},
    store::StoreError,
    supervisor::lock,
};

/// What was taken and not spent for so long is given back.
const HOLD: Duration = Duration::from_millis(10);
/// A refusal holds for so long without asking again: others may give back meanwhile.
const REFUSAL_KEPT: Duration = Duration::from_millis(5);
/// An agent that was not heard of for so long begins anew.
const FORGET_AFTER: Duration = Duration::from_secs(1);
/// The most that is taken at once.
const BATCH_MAX: u32 = 256;
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How often it is tried whether Redis is there again.
const TRY_AGAIN: Duration = Duration::from_millis(200);

/// The allowances of this daemon that count in all of them.
#[derive(Debug)]
pub struct Cluster {
    limits: SharedLimits,
    held: Mutex<HashMap<String, Held>>,
    /// Something may have to be given back.
    taken: Notify,
    /// Why Redis is not asked; only the heartbeat finds out that it may be again.
    away: Mutex<Option<String>>,
    daemons: AtomicU32,
    /// Whether this daemon has said that it ends. Held while anything is said of its presence, so that the last
    /// word is the last.
    has_departed: tokio::sync::Mutex<bool>,
}

/// What one agent may spend without asking.
#[derive(Debug)]
struct Held {
    left: u32,
    /// The size of the batch that it came in.
    batch: u32,
    since: Instant,
    refused: Option<Refused>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct Refused {
    by: usize,
    /// When the limit grants the next one.
    until: Instant,
    ask_again: Instant,
}

/// What is known here about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It may go on.
    Spent,
    /// It may not, for so long, by the limit of this number.
    Refused(usize, Duration),
    /// Redis is to be asked.
    Ask,
    /// Redis cannot be asked.
    Away,
}

impl Cluster {
    /// Nothing is taken yet. Redis is not asked before the first heartbeat found it.
    #[must_use]
    pub fn new(limits: SharedLimits) -> Self {
        Self {
            limits,
            held: Mutex::default(),
            taken: Notify::new(),
            away: Mutex::new(Some("it was not asked yet".to_owned())),
            daemons: 1.into(),
            has_departed: false.into(),
        }
    }

    /// Daemons that shared the limits when Redis was asked last.
    pub(super) fn daemons(&self) -> u32 {
        self.daemons.load(Ordering::Relaxed)
    }

    /// Why Redis is not asked.
    pub(super) fn away(&self) -> Option<String> {
        lock(&self.away).clone()
    }

    /// Spends one of what is held.
    pub(super) fn spend(&self, agent: &str) -> Known {
        if let Some(held) = lock(&self.held).get_mut(agent) {
            if held.left > 0 {
                held.left -= 1;
                return Known::Spent;
            }
            if let Some(refused) = held.refused {
                let now = Instant::now();
                if now < refused.ask_again {
                    return Known::Refused(refused.by, refused.until - now);
                }
            }
        }
        if lock(&self.away).is_some() { Known::Away } else { Known::Ask }
    }

    /// Takes a batch, and spends one of it.
    pub(super) async fn take(&self, agent: &str, limits: &Limits) -> Known {
        // Another connection's batch may have come while this one waited.
        let known = self.spend(agent);
        if known != Known::Ask {
            return known;
        }
        let wanted = lock(&self.held).get(agent).map_or(1, |held| held.batch.saturating_mul(2));
        match self.limits.take(agent, limits, wanted.clamp(1, BATCH_MAX)).await {
            Ok((taken, daemons)) => {
                self.daemons.store(daemons.max(1), Ordering::Relaxed);
                self.note(agent, limits, taken)
            }
            Err(error) => {
                self.leave(&error);
                Known::Away
            }
        }
    }

    fn note(&self, agent: &str, limits: &Limits, taken: Taken) -> Known {
        let now = Instant::now();
        let mut held = lock(&self.held);
        let held = held.entry(agent.to_owned()).or_insert_with(|| Held {
            left: 0,
            batch: 1,
            since: now,
            refused: None,
            limits: *limits,
        });
        (held.since, held.limits) = (now, *limits);
        self.taken.notify_one();
        match taken {
            Taken::Granted(count) => {
                held.left += count - 1;
                (held.batch, held.refused) = (count, None);
                Known::Spent
            }
            Taken::Refused(by, wait) => {
                let refused = Refused { by, until: now + wait, ask_again: now + wait.min(REFUSAL_KEPT) };
                held.refused = Some(refused);
                Known::Refused(by, wait)
            }
        }
    }

    fn leave(&self, error: &StoreError) {
        let mut away = lock(&self.away);
        if away.is_none() {
            tracing::warn!(daemons = self.daemons(), "rate limits are kept by each daemon alone: {error}");
        }
        *away = Some(error.to_string());
    }

    /// Tells the others that this daemon is there, and gives back what it does not need, for ever.
    pub async fn keep_up(&self) {
        tokio::join!(self.announce(), self.give_back());
    }

    async fn announce(&self) {
        loop {
            let has_departed = self.has_departed.lock().await;
            if *has_departed {
                return;
            }
            let announced = self.limits.announce().await;
            drop(has_departed);
            let pause = match announced {
                Ok(daemons) => {
                    self.daemons.store(daemons.max(1), Ordering::Relaxed);
                    if lock(&self.away).take().is_some() {
                        tracing::info!(daemons, "rate limits are kept for all daemons together");
                    }
                    HEARTBEAT
                }
                Err(error) => {
                    self.leave(&error);
                    TRY_AGAIN
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells the others that this daemon ends, so that it is not counted any more.
    pub async fn depart(&self) {
        let mut has_departed = self.has_departed.lock().await;
        *has_departed = true;
        if let Err(error) = self.limits.depart().await {
            // They forget it by themselves soon.
            tracing::debug!(%error, "the other daemons were not told that this one shares no limits any more");
        }
    }

    async fn give_back(&self) {
        loop {
            self.taken.notified().await;
            while !lock(&self.held).is_empty() {
                tokio::time::sleep(HOLD / 2).await;
                let unspent = self.unspent(Instant::now());
                let returned =
                    unspent.iter().map(|(agent, limits, count)| self.limits.give_back(agent, limits, *count));
                for failed in join_all(returned).await.into_iter().filter_map(Result::err) {
                    self.leave(&failed);
                }
            }
        }
    }

    /// What was held for long, which is not held any more from now on.
    fn unspent(&self, now: Instant) -> Vec<(String, Limits, u32)> {
        let mut unspent = Vec::new();
        lock(&self.held).retain(|agent, held| {
            let age = now.saturating_duration_since(held.since);
            if age >= HOLD && held.left > 0 {
                unspent.push((agent.clone(), held.limits, held.left));
                held.batch = held.batch.saturating_sub(held.left).max(1);
                held.left = 0;
            }
            age < FORGET_AFTER
        });
        unspent
    }
}
