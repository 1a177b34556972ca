//! Rate limits: per agent, for a burst of one agent, and for all agents together, by the generic
//! cell rate algorithm: a whole window's worth at once, then evenly.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use agent_memory_proto::{ErrorBody, ErrorCode, response::LimitHealth};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, QuantaClock},
};

/// Agents whose state is kept before those with full allowance are forgotten.
const AGENTS_MAX: usize = 10_000;

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

/// The limiter.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    per_agent: DefaultKeyedRateLimiter<String>,
    burst: DefaultKeyedRateLimiter<String>,
    global: DefaultDirectRateLimiter,
    clock: QuantaClock,
    hits: [AtomicU64; 3],
}

impl Limiter {
    /// A limiter with full allowances.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            per_agent: RateLimiter::keyed(quota(limits.per_agent)),
            burst: RateLimiter::keyed(quota(limits.burst)),
            global: RateLimiter::direct(quota(limits.global)),
            clock: QuantaClock::default(),
            hits: Default::default(),
        }
    }

    /// Takes one request of this agent off the allowances.
    ///
    /// # Errors
    /// `RateLimited`, with the limit's name and when to try again.
    pub fn admit(&self, agent: &str) -> Result<(), ErrorBody> {
        if !self.limits.enabled {
            return Ok(());
        }
        let agent = &agent.to_owned();
        let now = self.clock.now();
        self.burst.check_key(agent).map_err(|until| self.refuse(0, until.wait_time_from(now)))?;
        self.per_agent.check_key(agent).map_err(|until| self.refuse(1, until.wait_time_from(now)))?;
        self.global.check().map_err(|until| self.refuse(2, until.wait_time_from(now)))
    }

    /// Forgets agents with full allowances, when there are many.
    pub fn tidy(&self) {
        for keyed in [&self.per_agent, &self.burst] {
            if keyed.len() > AGENTS_MAX {
                keyed.retain_recent();
                keyed.shrink_to_fit();
            }
        }
    }

    /// The limits and how often each refused.
    #[must_use]
    pub fn health(&self) -> Vec<LimitHealth> {
        let named = [
            ("burst", self.limits.burst),
            ("perAgent", self.limits.per_agent),
            ("global", self.limits.global),
        ];
        named
            .into_iter()
            .zip(&self.hits)
            .map(|((name, limit), hits)| LimitHealth {
                name: name.to_owned(),
                max: if self.limits.enabled { limit.max } else { 0 },
                window_ms: millis(limit.window),
                hits: hits.load(Ordering::Relaxed),
            })
            .collect()
    }

    fn refuse(&self, index: usize, wait: Duration) -> ErrorBody {
        self.hits[index].fetch_add(1, Ordering::Relaxed);
        let (name, variable, limit) = [
            ("burst limit", "BURST", self.limits.burst),
            ("limit per agent", "PER_AGENT", self.limits.per_agent),
            ("limit for all agents", "GLOBAL", self.limits.global),
        ][index];
        let window_ms = millis(limit.window);
        ErrorBody::new(ErrorCode::RateLimited, format!("the {name} of {} requests in {window_ms} ms is used up", limit.max))
            .with_retry_after_ms(millis(wait).max(1))
            .with_suggestion(format!(
                "Nothing was done; wait, or raise AGENT_MEMORY_RATE_LIMIT_{variable}_MAX (AGENT_MEMORY_RATE_LIMIT=0 lifts all limits)"
            ))
    }
}

fn quota(limit: Limit) -> Quota {
    let max = NonZeroU32::new(limit.max).unwrap_or(NonZeroU32::MIN);
    let period = (limit.window / max.get()).max(Duration::from_nanos(1));
    Quota::with_period(period).expect("the period is not zero").allow_burst(max)
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
        let limiter = Limiter::new(limits(true));
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
        let limiter = Limiter::new(limits(true));
        let admitted = (0..20).filter(|n| limiter.admit(&format!("agent-{n}")).is_ok()).count();
        assert_eq!(admitted, 8);
    }

    #[test]
    fn limits_can_be_switched_off() {
        let limiter = Limiter::new(limits(false));
        assert!((0..100).all(|_| limiter.admit("one").is_ok()));
    }
}
