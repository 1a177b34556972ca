//! Rate limits: per agent, for a burst of one agent, and for all agents together: a whole window's worth
//! at once, then evenly. Where daemons share Redis, they share the limits; while it is away, each has its part.

mod cluster;
mod local;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agent_memory_proto::{ErrorBody, ErrorCode, response::LimitHealth};
use arc_swap::ArcSwap;

pub use self::cluster::Cluster;
use self::{cluster::Known, local::Local};

/// One limit: so many requests in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Requests.
    pub max: u32,
    /// The window.
    pub window: Duration,
}

/// The three limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Whether requests are limited at all.
    pub enabled: bool,
    /// Of one agent.
    pub per_agent: Limit,
    /// Of one agent, in the short window.
    pub burst: Limit,
    /// Of all agents.
    pub global: Limit,
}

impl Limits {
    /// In the order in which they are asked.
    #[must_use]
    pub fn each(&self) -> [Limit; 3] {
        [self.burst, self.per_agent, self.global]
    }

    /// What one of so many daemons may use, at least one request in each window.
    #[must_use]
    pub fn divided(mut self, daemons: u32) -> Self {
        for limit in [&mut self.burst, &mut self.per_agent, &mut self.global] {
            limit.max = (limit.max / daemons.max(1)).max(1);
        }
        self
    }
}

/// What is known at once about a request that no limit refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// It may go on.
    Granted,
    /// [`Limiter::ask`] finds out.
    Asked,
}

/// The limiter.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    cluster: Option<Arc<Cluster>>,
    local: ArcSwap<Local>,
    hits: [AtomicU64; 3],
}

impl Limiter {
    /// A limiter with full allowances, or with those that it shares.
    #[must_use]
    pub fn new(limits: Limits, cluster: Option<Arc<Cluster>>) -> Self {
        let local = ArcSwap::from_pointee(Local::new(limits, 1));
        Self { limits, cluster, local, hits: Default::default() }
    }

    /// Takes one request of this agent off the allowances, if that needs no waiting.
    ///
    /// # Errors
    /// `RateLimited`, with the limit's name and when to try again.
    pub fn admit(&self, agent: &str) -> Result<Allowance, ErrorBody> {
        if !self.limits.enabled {
            return Ok(Allowance::Granted);
        }
        let Some(cluster) = &self.cluster else {
            return self.admit_alone(agent).map(|()| Allowance::Granted);
        };
        match cluster.spend(agent) {
            Known::Ask => Ok(Allowance::Asked),
            known => self.decide(agent, known).map(|()| Allowance::Granted),
        }
    }

    /// Takes one request of this agent off the allowances that all daemons share.
    ///
    /// # Errors
    /// As [`Limiter::admit`].
    pub async fn ask(&self, agent: &str) -> Result<(), ErrorBody> {
        let known = match &self.cluster {
            Some(cluster) => cluster.take(agent, &self.limits).await,
            None => Known::Away,
        };
        self.decide(agent, known)
    }

    fn decide(&self, agent: &str, known: Known) -> Result<(), ErrorBody> {
        match known {
            Known::Spent => Ok(()),
            Known::Refused(index, wait) => Err(self.refuse(index, wait, self.limits)),
            Known::Ask | Known::Away => self.admit_alone(agent),
        }
    }

    /// By what this daemon knows alone.
    fn admit_alone(&self, agent: &str) -> Result<(), ErrorBody> {
        let daemons = self.cluster.as_ref().map_or(1, |cluster| cluster.daemons());
        let mut local = self.local.load();
        if local.daemons != daemons {
            self.local.store(Arc::new(Local::new(self.limits, daemons)));
            local = self.local.load();
        }
        local.admit(agent).map_err(|(index, wait)| self.refuse(index, wait, local.limits))
    }

    /// Forgets agents with full allowances, when there are many.
    pub fn tidy(&self) {
        self.local.load().tidy();
    }

    /// The limits that hold now, and how often each refused.
    #[must_use]
    pub fn health(&self) -> Vec<LimitHealth> {
        let limits = match &self.cluster {
            Some(cluster) if cluster.away().is_some() => self.limits.divided(cluster.daemons()),
            _ => self.limits,
        };
        ["burst", "perAgent", "global"]
            .into_iter()
            .zip(limits.each())
            .zip(&self.hits)
            .map(|((name, limit), hits)| LimitHealth {
                name: name.to_owned(),
                max: if self.limits.enabled { limit.max } else { 0 },
                window_ms: millis(limit.window),
                hits: hits.load(Ordering::Relaxed),
            })
            .collect()
    }

    /// Why the limits do not hold for all daemons together, where they should.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let cluster = self.cluster.as_ref().filter(|_| self.limits.enabled)?;
        let (cause, daemons) = (cluster.away()?, cluster.daemons());
        Some(format!(
            "rate limits are not shared: this daemon allows the part of one of {daemons} daemons, as many as were \
             known last, until Redis is back: {cause}"
        ))
    }

    fn refuse(&self, index: usize, wait: Duration, limits: Limits) -> ErrorBody {
        self.hits[index].fetch_add(1, Ordering::Relaxed);
        let (name, variable) =
            [("burst limit", "BURST"), ("limit per agent", "PER_AGENT"), ("limit for all agents", "GLOBAL")]
                [index];
        let limit = limits.each()[index];
        let window_ms = millis(limit.window);
        ErrorBody::new(ErrorCode::RateLimited, format!("the {name} of {} requests in {window_ms} ms is used up", limit.max))
            .with_retry_after_ms(millis(wait).max(1))
            .with_suggestion(format!(
                "Nothing was done; wait, or raise AGENT_MEMORY_RATE_LIMIT_{variable}_MAX (AGENT_MEMORY_RATE_LIMIT=0 lifts all limits)"
            ))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(enabled: bool) -> Limits {
        let hour = Duration::from_secs(3_600);
        Limits {
            enabled,
            per_agent: Limit { max: 20, window: hour },
            burst: Limit { max: 5, window: hour },
            global: Limit { max: 8, window: hour },
        }
    }

    #[test]
    fn the_burst_of_one_agent_is_refused_with_the_time_to_wait() {
        let limiter = Limiter::new(limits(true), None);
        for _ in 0..5 {
            limiter.admit("one").expect("within the burst");
        }
        let refused = limiter.admit("one").expect_err("beyond the burst");
        assert_eq!(refused.code, ErrorCode::RateLimited);
        assert!(refused.retry_after_ms.expect("a time") > 600_000, "{refused:?}");
        limiter.admit("two").expect("another agent");
        assert_eq!(limiter.health()[0].hits, 1);
    }

    #[test]
    fn all_agents_together_are_limited() {
        let limiter = Limiter::new(limits(true), None);
        let admitted = (0..20).filter(|n| limiter.admit(&format!("agent-{n}")).is_ok()).count();
        assert_eq!(admitted, 8);
    }

    #[test]
    fn a_share_of_the_limits_is_never_nothing() {
        let shared = limits(true).divided(4);
        assert_eq!(shared.each().map(|limit| limit.max), [1, 5, 2]);
        assert_eq!(limits(true).divided(1_000).each().map(|limit| limit.max), [1, 1, 1]);
    }

    #[test]
    fn limits_can_be_switched_off() {
        let limiter = Limiter::new(limits(false), None);
        assert!((0..100).all(|_| limiter.admit("one").is_ok()));
    }
}
