//! Locks of files in Redis: shown to everybody, and their ends told to the daemons where others wait. The
//! database alone grants and ends them: what is here may be old, and nobody is granted or refused by it.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::model::{FileLock, Id};
use futures_util::future::join_all;
use redis::Script;
use tokio::sync::mpsc;

use super::Redis;
use crate::{actors, store::StoreError, supervisor::Supervisor};

/// What waits to be told; beyond, it is left out.
const WAITING_MAX: usize = 1_024;
/// What is told at once.
const BATCH_MAX: usize = 64;
/// How long the end of a lock is remembered, so that what was said of it earlier and comes later does not
/// show it again.
const END_KEPT_MS: u64 = 60_000;

/// KEYS: the lock. ARGV: its token, how long it is shown, then names and values of its fields. A lock that
/// ended is not shown again, nor one before the last. A renewal never shortens it. A lock without an owner
/// is one that ended.
const SHOW: &str = r"
local known = redis.call('HMGET', KEYS[1], 'token', 'owner')
local token, shown_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local last = tonumber(known[1] or '0')
if last > token or (last == token and not known[2]) then
  return 0
end
if last == token then
  shown_ms = math.max(shown_ms, redis.call('PTTL', KEYS[1]))
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', ARGV[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], shown_ms)
return 1
";

/// KEYS: the lock. ARGV: its token, how long its end is remembered, the channel, and what is told on it.
/// The end of a lock before the last says nothing about the last.
const END: &str = r"
local last = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
if last > tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'token', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
";

/// How locks are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct LockOptions {
    /// The longest that a lock is shown without a renewal.
    pub(super) shown_max: Duration,
    /// How often what did not arrive is sent again.
    pub(super) retries: u32,
    pub(super) retry_delay: Duration,
}

/// What waits to be told.
#[derive(Debug)]
pub(super) struct Locks {
    waiting: mpsc::Sender<Said>,
    /// Taken by the task that tells; another one comes when that died.
    to_tell: tokio::sync::Mutex<mpsc::Receiver<Said>>,
}

#[derive(Debug)]
pub(super) enum Said {
    Held {
        lock: Box<FileLock>,
        ttl_ms: u64,
    },
    Ended {
        path: String,
        token: u64,
    },
    /// Any file may be free.
    AnyEnded,
}

pub(super) struct Scripts {
    show: Script,
    end: Script,
}

impl Locks {
    pub(super) fn new() -> Self {
        let (waiting, to_tell) = mpsc::channel(WAITING_MAX);
        Self { waiting, to_tell: tokio::sync::Mutex::new(to_tell) }
    }
}

impl Redis {
    /// Shows a lock that was granted or renewed for so long, soon.
    pub fn show_lock(&self, lock: &FileLock, ttl_ms: u64) {
        self.say(Said::Held { lock: Box::new(lock.clone()), ttl_ms });
    }

    /// Shows that a lock ended, and tells the daemons where others wait for the file, soon.
    pub fn end_lock(&self, lock: &FileLock) {
        self.say(Said::Ended { path: lock.path.clone(), token: lock.token });
    }

    /// Tells the daemons that any file may be free, soon.
    pub fn end_any_lock(&self) {
        self.say(Said::AnyEnded);
    }

    /// Never waits: what there is no room for is found out by those who look again, or ends by itself.
    fn say(&self, said: Said) {
        if self.0.locks.waiting.try_send(said).is_err() {
            tracing::debug!("a lock was not told through Redis: too many wait to be");
        }
    }

    /// The channel on which daemons tell each other of freed files.
    pub(super) fn freed_channel(&self) -> String {
        self.key("lock:freed")
    }

    /// Tells of locks from now on, and has the supervisor keep that running.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub(super) fn tell_locks(&self, supervisor: &Supervisor) -> Result<(), StoreError> {
        let (redis, scripts) = (self.clone(), Arc::new(Scripts::new()));
        actors::keep_running(supervisor, "redis-locks".to_owned(), move || {
            run(redis.clone(), Arc::clone(&scripts))
        })
    }
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self { show: Script::new(SHOW), end: Script::new(END) }
    }
}

/// Tells for ever. What did not arrive is told again, a few times: Redis may just have been away.
async fn run(redis: Redis, scripts: Arc<Scripts>) {
    let options = redis.0.options.locks;
    let mut waiting = redis.0.locks.to_tell.lock().await;
    let mut batch: Vec<(Said, u32)> = Vec::new();
    loop {
        if batch.is_empty() {
            let Some(said) = waiting.recv().await else { return };
            batch.push((said, options.retries));
        } else {
            tokio::time::sleep(options.retry_delay).await;
        }
        while batch.len() < BATCH_MAX
            && let Ok(said) = waiting.try_recv()
        {
            batch.push((said, options.retries));
        }
        let told = join_all(batch.iter().map(|(said, _)| tell(&redis, &scripts, said))).await;
        let mut told = told.into_iter();
        batch.retain_mut(|(_, retries)| match told.next() {
            Some(Err(error)) => {
                tracing::debug!(%error, retries, "a lock was not told through Redis");
                let may_heal = matches!(error, StoreError::Unavailable(_) | StoreError::BreakerOpen { .. });
                let is_again = may_heal && *retries > 0;
                *retries = retries.saturating_sub(1);
                is_again
            }
            Some(Ok(())) | None => false,
        });
    }
}

pub(super) async fn tell(redis: &Redis, scripts: &Scripts, said: &Said) -> Result<(), StoreError> {
    let told = |path: &str| format!("{} {path}", redis.0.events.id);
    match said {
        Said::Held { lock, ttl_ms } => {
            let shown_ms = redis.0.options.locks.shown_max.as_millis().min(u128::from(*ttl_ms));
            let mut call = scripts.show.prepare_invoke();
            call.key(redis.key(&format!("lock:{}", lock.path)));
            call.arg(lock.token).arg(u64::try_from(shown_ms).unwrap_or(u64::MAX));
            call.arg("owner").arg(&lock.agent_id).arg("expires_at_ms").arg(lock.expires_at_ms);
            if let Some(session) = lock.session_id {
                call.arg("session").arg(session.to_string());
            }
            if let Some(reason) = &lock.reason {
                call.arg("reason").arg(reason);
            }
            redis.run::<u8>(&call).await.map(drop)
        }
        Said::Ended { path, token } => {
            let mut call = scripts.end.prepare_invoke();
            call.key(redis.key(&format!("lock:{path}"))).arg(*token).arg(END_KEPT_MS);
            call.arg(redis.freed_channel()).arg(told(path));
            redis.run::<u8>(&call).await.map(drop)
        }
        Said::AnyEnded => {
            let channel = redis.freed_channel();
            redis.query::<i64>(redis::cmd("PUBLISH").arg(channel).arg(told(""))).await.map(drop)
        }
    }
}

/// Who told of a freed file, and which; no path means any. `None` when it is not of a daemon of ours.
pub(super) fn read_freed(message: &[u8]) -> Option<(Id, Option<&str>)> {
    let (writer, path) = std::str::from_utf8(message).ok()?.split_once(' ')?;
    Some((writer.parse().ok()?, Some(path).filter(|path| !path.is_empty())))
}
