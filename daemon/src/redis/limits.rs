//! Allowances that all daemons share: token buckets in Redis, taken from and given back to by scripts,
//! by the clock of the server, so that it does not matter how far the daemons' clocks are apart.

use std::{fmt, time::Duration};

use agent_memory_proto::model::Id;

use super::Redis;
use crate::{limiter::Limits, store::StoreError};

/// A daemon that has not said for so long that it is there is not counted.
const DAEMON_FORGOTTEN_AFTER: Duration = Duration::from_secs(5);

/// KEYS: the buckets, then the daemons. ARGV: each bucket's size and its window in microseconds, then the most
/// to take. Takes from all buckets or from none; never more than a share of what is left, so that others
/// find some. A bucket is what was left and when; one that is not there is full.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local daemons = math.max(1, redis.call('ZCOUNT', KEYS[4], now, '+inf'))
local left, least = {}, math.huge
for i = 1, 3 do
  local max, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  left[i] = max
  local kept, at = string.match(redis.call('GET', KEYS[i]) or '', '^(%S+) (%S+)$')
  if kept then
    left[i] = math.min(max, kept + math.max(0, now - at) * max / window)
  end
  if left[i] < 1 then
    return {0, i - 1, math.ceil((1 - left[i]) * window / max), daemons}
  end
  least = math.min(least, left[i])
end
local taken = math.max(1, math.min(tonumber(ARGV[7]), math.floor(least / (4 * daemons))))
for i = 1, 3 do
  local bucket = string.format('%.6f %.0f', left[i] - taken, now)
  redis.call('SET', KEYS[i], bucket, 'PX', math.ceil(ARGV[2 * i] / 1000) + 1)
end
return {taken, 0, 0, daemons}
";

/// KEYS: the buckets. ARGV: each bucket's size, then how much to give back. What is full stays full.
const GIVE_BACK: &str = r"
for i = 1, 3 do
  local kept, at = string.match(redis.call('GET', KEYS[i]) or '', '^(%S+) (%S+)$')
  if kept then
    local bucket = string.format('%.6f %s', math.min(tonumber(ARGV[i]), kept + ARGV[4]), at)
    redis.call('SET', KEYS[i], bucket, 'KEEPTTL')
  end
end
";

/// KEYS: the daemons. ARGV: the daemon, and the microseconds after which it is forgotten.
const ANNOUNCE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', now))
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000))
return redis.call('ZCARD', KEYS[1])
";

/// What became of the wish to take allowances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many, at least one.
    Granted(u32),
    /// None: the limit of this number among [`Limits::each`] is used up for so long.
    Refused(usize, Duration),
}

/// The buckets of all daemons.
pub struct SharedLimits {
    redis: Redis,
    daemon: String,
    take: redis::Script,
    give_back: redis::Script,
    announce: redis::Script,
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLimits").field("daemon", &self.daemon).finish_non_exhaustive()
    }
}

impl SharedLimits {
    /// The buckets, as this daemon uses them.
    #[must_use]
    pub fn new(redis: Redis, daemon: Id) -> Self {
        Self {
            redis,
            daemon: daemon.to_string(),
            take: redis::Script::new(TAKE),
            give_back: redis::Script::new(GIVE_BACK),
            announce: redis::Script::new(ANNOUNCE),
        }
    }

    /// Takes between one and `most` of an agent's allowances. Returns also how many daemons there are.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn take(&self, agent: &str, limits: &Limits, most: u32) -> Result<(Taken, u32), StoreError> {
        let mut call = self.take.prepare_invoke();
        for key in self.buckets(agent) {
            call.key(key);
        }
        call.key(self.daemons());
        for limit in limits.each() {
            let window_us = u64::try_from(limit.window.as_micros()).unwrap_or(u64::MAX).max(1);
            call.arg(limit.max.max(1)).arg(window_us);
        }
        call.arg(most);
        let (taken, refused_by, wait_us, daemons) = self.redis.run::<(u32, usize, u64, u32)>(&call).await?;
        let taken = match taken {
            0 => Taken::Refused(refused_by.min(2), Duration::from_micros(wait_us)),
            taken => Taken::Granted(taken),
        };
        Ok((taken, daemons))
    }

    /// Gives back what was taken and is not needed.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn give_back(&self, agent: &str, limits: &Limits, count: u32) -> Result<(), StoreError> {
        let mut call = self.give_back.prepare_invoke();
        for key in self.buckets(agent) {
            call.key(key);
        }
        for limit in limits.each() {
            call.arg(limit.max.max(1));
        }
        call.arg(count);
        self.redis.run(&call).await
    }

    /// Says that this daemon is there. Returns how many are.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn announce(&self) -> Result<u32, StoreError> {
        let mut call = self.announce.prepare_invoke();
        call.key(self.daemons()).arg(&self.daemon).arg(DAEMON_FORGOTTEN_AFTER.as_micros().to_string());
        self.redis.run(&call).await
    }

    /// Says that this daemon is there no longer.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn depart(&self) -> Result<(), StoreError> {
        self.redis.query::<i64>(redis::cmd("ZREM").arg(self.daemons()).arg(&self.daemon)).await.map(drop)
    }

    /// The keys of one decision share a hash tag: a cluster keeps them together.
    fn buckets(&self, agent: &str) -> [String; 3] {
        ["burst:", "agent:", "all"].map(|name| {
            let of = if name == "all" { "" } else { agent };
            self.redis.key(&format!("ratelimit:{{limits}}:{name}{of}"))
        })
    }

    fn daemons(&self) -> String {
        self.redis.key("ratelimit:{limits}:daemons")
    }
}
