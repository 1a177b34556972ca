//! Listening to the others, over a connection of its own that is made again whenever it is lost. The
//! follower may trust what it hears only while everybody who is known to write is heard.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use backon::BackoffBuilder as _;
use redis::{AsyncConnectionConfig, PushInfo, PushKind, Value, aio::SendError};
use tokio::sync::Notify;

use super::{
    super::{Redis, error, link, locks},
    message::{self, Told, What},
    writers::{Gap, SILENCE_MAX, Unheard},
};
use crate::{store::Follower, supervisor::lock};

/// How often it is looked whether everybody is heard.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A connection over which not even this daemon's own heartbeats come is given up after so long.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3);
const ENDED: &str = "the connection for events to Redis ended";

/// Connects, listens, and connects again, for ever.
pub(super) async fn run(redis: Redis, follower: Arc<dyn Follower>) {
    let _guard = LostOnDrop(redis.clone(), Arc::clone(&follower));
    let mut pauses = link::pauses().build();
    let mut last_reason = String::new();
    loop {
        let (reason, was_whole) = listen(&redis, &follower).await;
        lost(&redis, &follower, &reason);
        if was_whole {
            pauses = link::pauses().build();
            last_reason.clear();
        }
        if reason != last_reason {
            tracing::warn!("changes made through other daemons are not heard through Redis: {reason}");
            last_reason = reason;
        }
        tokio::time::sleep(pauses.next().unwrap_or(link::RETRY_LAST)).await;
    }
}

/// One connection, from its making to its end. Returns why it ended, and whether it was ever whole.
async fn listen(redis: &Redis, follower: &Arc<dyn Follower>) -> (String, bool) {
    let events = &redis.0.events;
    let ended = Arc::new(Notify::new());
    let abandoned = Abandoned::default();
    let ear = Ear {
        redis: redis.clone(),
        follower: Arc::clone(follower),
        freed_channel: redis.freed_channel().into_bytes(),
        is_abandoned: Arc::clone(&abandoned.0),
        ended: Arc::clone(&ended),
    };
    lock(&events.beats).heard_at = None;
    lock(&events.writers).begin(Instant::now());
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(redis.0.options.response_timeout))
        .set_connection_timeout(Some(redis.0.options.connect_timeout))
        .set_push_sender(move |push: PushInfo| {
            ear.take(&push);
            Ok::<(), SendError>(())
        });
    let mut connection = match redis.0.link.open(&config).await {
        Ok(connection) => connection,
        Err(cause) => return (cause, false),
    };
    let freed_channel = redis.freed_channel();
    if let Err(cause) = connection.subscribe(&[&events.channel, &freed_channel]).await {
        return (error::told(&cause), false);
    }
    let began = Instant::now();
    let mut was_whole = false;
    loop {
        match standing(redis, began) {
            Ok(()) if !events.is_whole.swap(true, Ordering::SeqCst) => {
                was_whole = true;
                follower.restored();
                tracing::info!("changes made through other daemons are heard through Redis");
            }
            Ok(()) => {}
            Err(reason) => {
                if events.is_whole.load(Ordering::SeqCst) {
                    tracing::warn!(
                        "changes made through other daemons are not heard through Redis: {reason}"
                    );
                }
                lost(redis, follower, &reason);
            }
        }
        let heard_at = lock(&events.beats).heard_at.unwrap_or(began);
        if heard_at.elapsed() > GIVE_UP_AFTER {
            return (not_heard(heard_at), was_whole);
        }
        tokio::select! {
            () = ended.notified() => return (ENDED.to_owned(), was_whole),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Whether everything is heard that is told.
///
/// # Errors
/// Why not.
fn standing(redis: &Redis, began: Instant) -> Result<(), String> {
    let events = &redis.0.events;
    let now = Instant::now();
    match lock(&events.beats).heard_at {
        Some(heard_at) if now.saturating_duration_since(heard_at) <= SILENCE_MAX => {}
        heard_at => return Err(not_heard(heard_at.unwrap_or(began))),
    }
    lock(&events.writers).all_heard(now).map_err(|unheard| match unheard {
        Unheard::Daemon(place) => format!(
            "the daemon at {place} is not heard through Redis; it was killed a moment ago, cannot reach Redis, or does not \
             use the same Redis with the same AGENT_MEMORY_REDIS_KEY_PREFIX: look at its agent-memory health, and at \
             agent-memory cluster status"
        ),
        Unheard::WhoIsThere => {
            "the database has not told for some seconds which daemons there are, so it is not known whether all of \
             them are heard through Redis"
                .to_owned()
        }
        Unheard::TooMany => "there are more daemons than can be followed through Redis".to_owned(),
    })
}

fn not_heard(since: Instant) -> String {
    format!("this daemon's own heartbeats have not come back for {} ms", since.elapsed().as_millis())
}

fn lost(redis: &Redis, follower: &Arc<dyn Follower>, reason: &str) {
    redis.0.events.is_whole.store(false, Ordering::SeqCst);
    follower.lost(reason);
}

/// What the connection's task holds.
struct Ear {
    redis: Redis,
    follower: Arc<dyn Follower>,
    /// Where it is told of freed files.
    freed_channel: Vec<u8>,
    is_abandoned: Arc<AtomicBool>,
    ended: Arc<Notify>,
}

impl Ear {
    fn take(&self, push: &PushInfo) {
        if self.is_abandoned.load(Ordering::SeqCst) {
            return;
        }
        match (&push.kind, push.data.as_slice()) {
            (PushKind::Message, [Value::BulkString(channel), Value::BulkString(bytes)])
                if *channel == self.freed_channel =>
            {
                match locks::read_freed(bytes) {
                    Some((writer, path)) if writer != self.redis.0.events.id => self.follower.freed(path),
                    _ => {}
                }
            }
            (PushKind::Message, [_, Value::BulkString(bytes)]) => {
                if let Some(told) = message::read(bytes) {
                    self.hear(told);
                }
            }
            (PushKind::Disconnection, _) => {
                // The follower is told at once, before anybody gets round to making the next connection.
                lost(&self.redis, &self.follower, ENDED);
                self.ended.notify_one();
            }
            _ => {}
        }
    }

    fn hear(&self, told: Told) {
        let (events, now) = (&self.redis.0.events, Instant::now());
        if told.writer == events.id {
            if let What::Beat(number) = told.what {
                let mut beats = lock(&events.beats);
                beats.heard_at = Some(now);
                if let Some(sent_at) = beats.sent_at.filter(|_| beats.number == number) {
                    let lag = now.saturating_duration_since(sent_at);
                    beats.lag_us = Some(u64::try_from(lag.as_micros()).unwrap_or(u64::MAX));
                }
            }
            return;
        }
        let gap = {
            let mut writers = lock(&events.writers);
            let gap = match &told.what {
                What::Changes(_) | What::Unknown => writers.changed(told.writer, told.sequence, now),
                What::Beat(_) | What::Goodbye => writers.stands_at(told.writer, told.sequence, now),
            };
            if let Some(place) = &told.place {
                writers.runs_at(told.writer, place);
            }
            if told.what == What::Goodbye {
                writers.ended(told.writer);
            }
            gap
        };
        match gap {
            Gap::No => {}
            Gap::Missed(count) => {
                self.missed(&format!("{count} messages of another daemon did not come through Redis"))
            }
            Gap::Unknown => self.missed("more daemons tell of their changes through Redis than are followed"),
        }
        match told.what {
            What::Changes(Some(changes)) => changes.iter().for_each(|change| self.follower.changed(change)),
            What::Changes(None) => {
                self.missed("another daemon told of its changes in words that are not known here");
            }
            What::Beat(_) | What::Goodbye | What::Unknown => {}
        }
    }

    fn missed(&self, reason: &str) {
        self.redis.0.events.gaps.fetch_add(1, Ordering::Relaxed);
        self.follower.missed(reason);
    }
}

/// From its end on, whatever becomes of the connection concerns nobody: there may be another.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A crash of the task that listens is a loss, too.
struct LostOnDrop(Redis, Arc<dyn Follower>);

impl Drop for LostOnDrop {
    fn drop(&mut self) {
        lost(&self.0, &self.1, "the task that listens to Redis is started again");
    }
}
