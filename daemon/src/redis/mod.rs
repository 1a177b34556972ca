//! Redis, beside a store that many daemons share: what is there only for speed, and may be gone at any
//! moment. Nothing that a user stored is here alone. The only folder that names the driver.

mod address;
mod cache;
mod cluster;
mod connection;
mod error;
mod events;
mod health;
mod kind;
mod limits;
mod link;
mod locks;
mod opening;
mod options;
mod sentinels;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

pub use limits::{SharedLimits, Taken};
pub use options::RedisOptions;

use agent_memory_proto::model::Id;

use self::{events::Events, link::Link, locks::Locks};
use crate::{
    actors,
    breaker::{self, BreakerOptions, Gate, OnBreaker, Ping},
    store::StoreError,
    supervisor::Supervisor,
};

/// How Redis is called where breakers are told of.
pub const REDIS: &str = "redis";

/// Redis, whether it can be reached or not. Cheap to clone.
#[derive(Clone)]
pub struct Redis(Arc<Parts>);

struct Parts {
    options: RedisOptions,
    link: Link,
    gate: Gate,
    events: Events,
    locks: Locks,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("options", &self.0.options).finish_non_exhaustive()
    }
}

impl Redis {
    /// Begins to connect, and has the supervisor keep that up. That Redis is away is no reason not to
    /// start. `id` names this run of the daemon to the others. Must be called within the actor system.
    ///
    /// # Errors
    /// `Unavailable` when the certificate authorities cannot be read.
    pub async fn start(
        options: RedisOptions,
        id: Id,
        breaker: BreakerOptions,
        supervisor: &Supervisor,
        on_breaker: OnBreaker,
    ) -> Result<Self, StoreError> {
        let link = Link::new(&options)?;
        let pinged = link.clone();
        let ping: Ping = Arc::new(move || {
            let link = pinged.clone();
            Box::pin(async move { link.ping().await.map(drop) })
        });
        let gate = breaker::start(supervisor, REDIS, breaker, ping, on_breaker)?;
        let (kept, kept_gate) = (link.clone(), gate.clone());
        actors::keep_running(supervisor, "redis-link".to_owned(), move || {
            kept.clone().keep_up(kept_gate.clone())
        })?;
        link.settled().await;
        let events = Events::new(id, options.daemon_place.clone(), options.event_channel.clone());
        Ok(Self(Arc::new(Parts { options, link, gate, events, locks: Locks::new() })))
    }

    /// Sends one command, if Redis is there, and returns its answer. It takes as long as the response
    /// timeout at most, and no time at all while Redis is known not to answer.
    ///
    /// # Errors
    /// `Unavailable` or `BreakerOpen` when Redis does not answer: do without it. `Other` when it
    /// refuses the command.
    pub async fn query<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, StoreError> {
        self.0.gate.guard_read(self.0.link.query(command)).await
    }

    /// Runs a script, as [`Redis::query`] sends a command. The script is sent once and known by its
    /// digest from then on, also after Redis forgot it.
    ///
    /// # Errors
    /// As [`Redis::query`].
    pub async fn run<T: redis::FromRedisValue>(
        &self,
        script: &redis::ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        self.0.gate.guard_read(self.0.link.run(script)).await
    }

    /// A key of ours: the prefix of the settings and `rest`, as `agentmem:cache:…`.
    #[must_use]
    pub fn key(&self, rest: &str) -> String {
        format!("{}{rest}", self.0.options.key_prefix)
    }

    /// Whether it can be reached, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.link.is_up()
    }
}
