//! Telling the others: changes in the order of their commits, many in one message, and heartbeats.
//! What cannot be told leaves a gap in the numbers.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc::Receiver, oneshot},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{super::Redis, message};
use crate::{
    store::{Change, change_line},
    supervisor::lock,
};

/// How often a daemon says that it is there.
const BEAT_EVERY: Duration = Duration::from_millis(500);
/// Bytes after which a message takes no more changes.
const MESSAGE_BYTES: usize = 32 * 1_024;
/// How long the end of the daemon waits until the others know of it.
const GOODBYE_PATIENCE: Duration = Duration::from_millis(500);

/// What is to be told.
#[derive(Debug)]
pub(super) enum Said {
    /// A line of a change.
    Change(String),
    /// That there will be no others.
    Goodbye(oneshot::Sender<()>),
}

impl Redis {
    /// Tells the other daemons of a durable change, soon. Never waits: what there is no room for leaves a
    /// gap, which they notice.
    pub fn tell(&self, change: &Change) {
        let events = &self.0.events;
        if events.waiting.try_send(Said::Change(change_line::write(change))).is_err() {
            events.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Tells the others that this daemon ends, after everything else.
    pub async fn say_goodbye(&self) {
        let (told, is_told) = oneshot::channel();
        if self.0.events.waiting.try_send(Said::Goodbye(told)).is_ok() {
            // They find it out by themselves, too.
            let _ = timeout(GOODBYE_PATIENCE, is_told).await;
        }
    }
}

/// Tells for ever.
pub(super) async fn run(redis: Redis) {
    let events = &redis.0.events;
    let mut waiting = events.to_tell.lock().await;
    let mut beats = interval(BEAT_EVERY);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // After a goodbye a beat would tell that there is somebody all the same.
    let mut has_ended = false;
    loop {
        tokio::select! {
            said = waiting.recv() => {
                let Some(said) = said else { return };
                has_ended |= tell(&redis, said, &mut waiting).await;
            }
            _ = beats.tick(), if !has_ended => beat(&redis).await,
        }
    }
}

/// Tells of a change, with those that wait behind it; true when that was the goodbye.
async fn tell(redis: &Redis, first: Said, waiting: &mut Receiver<Said>) -> bool {
    let (mut lines, mut bytes, mut next) = (Vec::new(), 0, Some(first));
    let mut goodbye = None;
    while let Some(said) = next.take() {
        match said {
            Said::Change(line) => {
                bytes += line.len();
                lines.push(line);
                if bytes < MESSAGE_BYTES {
                    next = waiting.try_recv().ok();
                }
            }
            Said::Goodbye(told) => goodbye = Some(told),
        }
    }
    let events = &redis.0.events;
    if !lines.is_empty() {
        let skipped = events.dropped.swap(0, Ordering::SeqCst);
        let sequence = events.sequence.fetch_add(skipped + 1, Ordering::SeqCst) + skipped + 1;
        publish(redis, message::changes(events.id, sequence, &events.place, &lines)).await;
    }
    let Some(told) = goodbye else { return false };
    publish(redis, message::goodbye(events.id, events.sequence.load(Ordering::SeqCst))).await;
    let _ = told.send(());
    true
}

async fn beat(redis: &Redis) {
    let events = &redis.0.events;
    let number = {
        let mut beats = lock(&events.beats);
        beats.number += 1;
        beats.sent_at = Some(Instant::now());
        beats.number
    };
    // What there was no room for is a gap also when nothing follows it.
    let skipped = events.dropped.swap(0, Ordering::SeqCst);
    let sequence = events.sequence.fetch_add(skipped, Ordering::SeqCst) + skipped;
    publish(redis, message::beat(events.id, sequence, number, &events.place)).await;
}

/// What fails is not repeated: its number was used, so the others will know.
async fn publish(redis: &Redis, message: String) {
    let sent = redis.query::<i64>(redis::cmd("PUBLISH").arg(&redis.0.events.channel).arg(message)).await;
    if let Err(error) = sent {
        tracing::debug!(%error, "an event was not told through Redis");
    }
}
