//! Allowances of one daemon alone, or its share of those of all.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, QuantaClock},
};

use super::{Limit, Limits};

/// Agents whose state is kept before those with full allowance are forgotten.
const AGENTS_MAX: usize = 10_000;

/// The allowances.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) limits: Limits,
    /// The number of daemons among which the limits are divided.
    pub(super) daemons: u32,
    per_agent: DefaultKeyedRateLimiter<String>,
    burst: DefaultKeyedRateLimiter<String>,
    global: DefaultDirectRateLimiter,
    clock: QuantaClock,
}

impl Local {
    /// Full allowances: the part of each limit that one of so many daemons may use.
    pub(super) fn new(whole: Limits, daemons: u32) -> Self {
        let limits = whole.divided(daemons);
        Self {
            limits,
            daemons,
            per_agent: RateLimiter::keyed(quota(limits.per_agent)),
            burst: RateLimiter::keyed(quota(limits.burst)),
            global: RateLimiter::direct(quota(limits.global)),
            clock: QuantaClock::default(),
        }
    }

    /// Takes one request of this agent off the allowances, or tells which limit refuses for how long.
    pub(super) fn admit(&self, agent: &str) -> Result<(), (usize, Duration)> {
        let agent = &agent.to_owned();
        let now = self.clock.now();
        self.burst.check_key(agent).map_err(|until| (0, until.wait_time_from(now)))?;
        self.per_agent.check_key(agent).map_err(|until| (1, until.wait_time_from(now)))?;
        self.global.check().map_err(|until| (2, until.wait_time_from(now)))
    }

    /// Forgets agents with full allowances, when there are many.
    pub(super) fn tidy(&self) {
        for keyed in [&self.per_agent, &self.burst] {
            if keyed.len() > AGENTS_MAX {
                keyed.retain_recent();
                keyed.shrink_to_fit();
            }
        }
    }
}

fn quota(limit: Limit) -> Quota {
    let max = NonZeroU32::new(limit.max).unwrap_or(NonZeroU32::MIN);
    let period = (limit.window / max.get()).max(Duration::from_nanos(1));
    Quota::with_period(period).expect("the period is not zero").allow_burst(max)
}
