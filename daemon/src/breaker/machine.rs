//! The state machine of a breaker: numbers and moments in, decisions out. No clock, no locks and no
//! tasks live here.

use std::time::Duration;

use agent_memory_proto::event::BreakerState;
use tokio::time::Instant;

/// When a breaker opens and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerOptions {
    /// Failures in a row after which it opens.
    pub failure_threshold: u32,
    /// How long it stays open before the service is tried again.
    pub reset_timeout: Duration,
    /// Successes in a row after which it closes; also the most that are under way at once until then.
    pub success_threshold: u32,
}

/// What a call says about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The service answered.
    Success,
    /// The service is away, broken, or silent.
    Failure,
    /// Nothing: the call was given up, or refused before it reached the service.
    Nothing,
}

/// Who was let through. It is handed back with what came of it.
#[derive(Debug)]
pub(super) struct Ticket {
    /// What began before the breaker last changed tells nothing about how the service is now.
    period: u64,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: BreakerState,
    /// Failures in a row.
    pub(super) failures: u32,
    /// When the service is tried again, while the breaker is open.
    pub(super) open_until: Option<Instant>,
    /// Counts the changes of state.
    pub(super) period: u64,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Machine {
    options: BreakerOptions,
    state: State,
    failures: u32,
    period: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { under_way: u32, successes: u32 },
}

/// How long one waits who comes while as many probes as are allowed are under way.
const PROBES_UNDER_WAY_RETRY: Duration = Duration::from_millis(100);

impl Machine {
    pub(super) fn new(options: BreakerOptions) -> Self {
        let options = BreakerOptions {
            failure_threshold: options.failure_threshold.max(1),
            success_threshold: options.success_threshold.max(1),
            ..options
        };
        Self { options, state: State::Closed, failures: 0, period: 0 }
    }

    /// Lets a call through, or says how long it has to wait at least.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Ticket, Duration> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.change(State::HalfOpen { under_way: 0, successes: 0 });
        }
        if let State::HalfOpen { under_way, successes } = &mut self.state {
            if *under_way + *successes >= self.options.success_threshold {
                return Err(PROBES_UNDER_WAY_RETRY.min(self.options.reset_timeout));
            }
            *under_way += 1;
        }
        Ok(Ticket { period: self.period })
    }

    /// Takes back a ticket with what came of the call.
    pub(super) fn settle(&mut self, ticket: &Ticket, verdict: Verdict, now: Instant) {
        if ticket.period != self.period {
            return;
        }
        if let State::HalfOpen { under_way, successes } = &mut self.state {
            *under_way = under_way.saturating_sub(1);
            if verdict == Verdict::Success {
                *successes += 1;
                if *successes >= self.options.success_threshold {
                    self.failures = 0;
                    self.change(State::Closed);
                }
                return;
            }
        }
        match verdict {
            Verdict::Success => self.failures = 0,
            Verdict::Failure => {
                self.failures = self.failures.saturating_add(1);
                let is_probe = matches!(self.state, State::HalfOpen { .. });
                if is_probe || self.failures >= self.options.failure_threshold {
                    self.change(State::Open { until: now + self.options.reset_timeout });
                }
            }
            Verdict::Nothing => {}
        }
    }

    /// The service was seen by other means: an open breaker need not wait any longer to try it.
    pub(super) fn seen(&mut self) {
        if let State::Open { .. } = self.state {
            self.change(State::HalfOpen { under_way: 0, successes: 0 });
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let (state, open_until) = match self.state {
            State::Closed => (BreakerState::Closed, None),
            State::Open { until } => (BreakerState::Open, Some(until)),
            State::HalfOpen { .. } => (BreakerState::HalfOpen, None),
        };
        Standing { state, failures: self.failures, open_until, period: self.period }
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.period += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESET: Duration = Duration::from_secs(30);
    const OPTIONS: BreakerOptions =
        BreakerOptions { failure_threshold: 5, reset_timeout: RESET, success_threshold: 2 };
    const MILLISECOND: Duration = Duration::from_millis(1);

    fn state(machine: &Machine) -> BreakerState {
        machine.standing().state
    }

    fn call(machine: &mut Machine, verdict: Verdict, now: Instant) {
        let ticket = machine.admit(now).expect("let through");
        machine.settle(&ticket, verdict, now);
    }

    /// A breaker that opened at the moment.
    fn opened(now: Instant) -> Machine {
        let mut machine = Machine::new(OPTIONS);
        (0..OPTIONS.failure_threshold).for_each(|_| call(&mut machine, Verdict::Failure, now));
        machine
    }

    #[test]
    fn it_opens_at_the_threshold_and_not_before() {
        let now = Instant::now();
        let mut machine = Machine::new(OPTIONS);
        for failures in 1..OPTIONS.failure_threshold {
            call(&mut machine, Verdict::Failure, now);
            assert_eq!((state(&machine), machine.standing().failures), (BreakerState::Closed, failures));
        }
        call(&mut machine, Verdict::Failure, now);
        assert_eq!((state(&machine), machine.standing().failures), (BreakerState::Open, 5));
        assert_eq!(machine.standing().open_until, Some(now + RESET));
    }

    #[test]
    fn a_success_begins_the_count_anew_and_what_says_nothing_does_not() {
        let now = Instant::now();
        let mut machine = Machine::new(OPTIONS);
        for _ in 0..3 {
            (0..4).for_each(|_| call(&mut machine, Verdict::Failure, now));
            call(&mut machine, Verdict::Success, now);
        }
        assert_eq!((state(&machine), machine.standing().failures), (BreakerState::Closed, 0));
        (0..4).for_each(|_| call(&mut machine, Verdict::Failure, now));
        (0..9).for_each(|_| call(&mut machine, Verdict::Nothing, now));
        assert_eq!((state(&machine), machine.standing().failures), (BreakerState::Closed, 4));
        call(&mut machine, Verdict::Failure, now);
        assert_eq!(state(&machine), BreakerState::Open);
    }

    #[test]
    fn an_open_one_refuses_until_the_last_millisecond_of_its_time() {
        let now = Instant::now();
        let mut machine = opened(now);
        assert_eq!(machine.admit(now).map(drop), Err(RESET));
        assert_eq!(machine.admit(now + RESET - MILLISECOND).map(drop), Err(MILLISECOND));
        assert_eq!(state(&machine), BreakerState::Open);
        assert!(machine.admit(now + RESET).is_ok());
        assert_eq!(state(&machine), BreakerState::HalfOpen);
    }

    #[test]
    fn a_half_open_one_lets_no_more_probes_through_than_it_needs() {
        let now = Instant::now();
        let mut machine = opened(now);
        let then = now + RESET;
        let (first, second) = (machine.admit(then).expect("a probe"), machine.admit(then).expect("a probe"));
        assert_eq!(machine.admit(then).map(drop), Err(PROBES_UNDER_WAY_RETRY));
        machine.settle(&first, Verdict::Success, then);
        assert_eq!(state(&machine), BreakerState::HalfOpen);
        assert_eq!(machine.admit(then).map(drop), Err(PROBES_UNDER_WAY_RETRY), "one is still needed");
        machine.settle(&second, Verdict::Success, then);
        assert_eq!((state(&machine), machine.standing().failures), (BreakerState::Closed, 0));
    }

    #[test]
    fn a_probe_that_says_nothing_frees_its_place() {
        let now = Instant::now();
        let mut machine = opened(now);
        let then = now + RESET;
        for _ in 0..10 {
            let (first, second) =
                (machine.admit(then).expect("a probe"), machine.admit(then).expect("a probe"));
            machine.settle(&first, Verdict::Nothing, then);
            machine.settle(&second, Verdict::Nothing, then);
        }
        assert_eq!(state(&machine), BreakerState::HalfOpen);
    }

    #[test]
    fn one_failed_probe_opens_it_again_for_the_whole_time() {
        let now = Instant::now();
        let mut machine = opened(now);
        let then = now + RESET + MILLISECOND;
        let (first, late) = (machine.admit(then).expect("a probe"), machine.admit(then).expect("a probe"));
        machine.settle(&first, Verdict::Failure, then);
        assert_eq!(machine.admit(then).map(drop), Err(RESET));
        machine.settle(&late, Verdict::Success, then);
        assert_eq!(machine.standing().open_until, Some(then + RESET), "a late probe changes nothing");
        let again = then + RESET;
        call(&mut machine, Verdict::Success, again);
        call(&mut machine, Verdict::Success, again);
        assert_eq!(state(&machine), BreakerState::Closed);
    }

    #[test]
    fn a_service_that_was_seen_is_tried_at_once_and_proves_itself_all_the_same() {
        let now = Instant::now();
        let mut machine = opened(now);
        machine.seen();
        assert_eq!(state(&machine), BreakerState::HalfOpen);
        call(&mut machine, Verdict::Failure, now);
        assert_eq!(machine.admit(now).map(drop), Err(RESET));
        let mut machine = opened(now);
        machine.seen();
        call(&mut machine, Verdict::Success, now);
        call(&mut machine, Verdict::Success, now);
        machine.seen();
        assert_eq!(state(&machine), BreakerState::Closed);
    }

    #[test]
    fn what_began_before_it_opened_counts_neither_as_probe_nor_as_failure() {
        let now = Instant::now();
        let mut machine = Machine::new(OPTIONS);
        let early: Vec<Ticket> = (0..20).map(|_| machine.admit(now).expect("let through")).collect();
        (0..5).for_each(|_| call(&mut machine, Verdict::Failure, now));
        let then = now + RESET;
        let probe = machine.admit(then).expect("a probe");
        for (index, ticket) in early.iter().enumerate() {
            let verdict = if index % 2 == 0 { Verdict::Success } else { Verdict::Failure };
            machine.settle(ticket, verdict, then);
        }
        assert_eq!(state(&machine), BreakerState::HalfOpen);
        machine.settle(&probe, Verdict::Success, then);
        call(&mut machine, Verdict::Success, then);
        assert_eq!(state(&machine), BreakerState::Closed);
    }
}
