//! Events between daemons over a channel of Redis. Each daemon numbers what it changed and says every
//! half second up to which number that is, so that whoever listens knows what was not told.

mod listening;
mod message;
mod telling;
mod writers;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use agent_memory_proto::model::Id;
use tokio::sync::mpsc;

use self::{telling::Said, writers::Writers};
use super::Redis;
use crate::{
    actors,
    store::{Follower, StoreError},
    supervisor::{Supervisor, lock},
};

/// Changes that wait to be told.
const WAITING_MAX: usize = 4_096;

/// What a daemon says and has heard.
#[derive(Debug)]
pub(super) struct Events {
    /// This run of the daemon, for the others.
    pub(super) id: Id,
    /// Where it runs, for the others.
    place: String,
    channel: String,
    waiting: mpsc::Sender<Said>,
    /// Taken by the task that tells; another one comes when that died.
    to_tell: tokio::sync::Mutex<mpsc::Receiver<Said>>,
    /// The number of the last change that was told, or should have been.
    sequence: AtomicU64,
    /// Changes for which there was no room.
    dropped: AtomicU64,
    beats: Mutex<Beats>,
    writers: Mutex<Writers>,
    is_whole: AtomicBool,
    gaps: AtomicU64,
}

/// This daemon's own heartbeats.
#[derive(Debug, Default)]
struct Beats {
    number: u64,
    sent_at: Option<Instant>,
    /// When the last was heard over the connection that there is.
    heard_at: Option<Instant>,
    lag_us: Option<u64>,
}

/// For `health`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) is_whole: bool,
    pub(super) lag_us: Option<u64>,
    pub(super) gaps: u64,
    pub(super) daemons: usize,
}

impl Redis {
    /// Tells the others of this daemon's changes and the follower of theirs from now on, and has the
    /// supervisor keep that running.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn follow(&self, supervisor: &Supervisor, follower: Arc<dyn Follower>) -> Result<(), StoreError> {
        follower.lost("the connection for events to Redis was not made yet");
        let (telling, listening) = (self.clone(), self.clone());
        self.tell_locks(supervisor)?;
        actors::keep_running(supervisor, "redis-tell".to_owned(), move || telling::run(telling.clone()))?;
        actors::keep_running(supervisor, "redis-events".to_owned(), move || {
            listening::run(listening.clone(), Arc::clone(&follower))
        })
    }
}

impl Redis {
    /// These daemons, each with where it runs, are all that the database knows of just now. Events are relied
    /// on only while all of them are heard, but this one.
    pub fn members_are(&self, members: &[(Id, String)]) {
        let events = &self.0.events;
        let others: Vec<_> = members.iter().filter(|(id, _)| *id != events.id).cloned().collect();
        lock(&events.writers).members_are(&others, Instant::now());
    }

    /// From the sending of a heartbeat to its coming back, in microseconds.
    #[must_use]
    pub fn event_lag_us(&self) -> Option<u64> {
        self.0.events.standing().lag_us
    }
}

impl Events {
    pub(super) fn new(id: Id, place: String, channel: String) -> Self {
        let (waiting, to_tell) = mpsc::channel(WAITING_MAX);
        Self {
            id,
            place,
            channel,
            waiting,
            to_tell: tokio::sync::Mutex::new(to_tell),
            sequence: 0.into(),
            dropped: 0.into(),
            beats: Mutex::default(),
            writers: Mutex::default(),
            is_whole: false.into(),
            gaps: 0.into(),
        }
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        let is_whole = self.is_whole.load(Ordering::SeqCst);
        Standing {
            is_whole,
            lag_us: lock(&self.beats).lag_us.filter(|_| is_whole),
            gaps: self.gaps.load(Ordering::Relaxed),
            daemons: lock(&self.writers).count(),
        }
    }
}
