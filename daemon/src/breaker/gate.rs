//! The gate of one service: lets calls through or refuses them at once, as the state machine says,
//! and tells whoever watches.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agent_memory_proto::{event::BreakerState, response::BreakerHealth};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    machine::{BreakerOptions, Machine, Standing, Ticket, Verdict},
    permit::Permit,
};
use crate::{store::StoreError, supervisor::lock};

/// Changes of state that are kept for whoever tells of them.
const CHANGES_MAX: usize = 64;

/// The gate. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    service: &'static str,
    inner: Mutex<Inner>,
    /// The number of changes so far.
    changed: watch::Sender<u64>,
    suspicion: Notify,
    is_suspicious: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    last_cause: String,
    untold: std::collections::VecDeque<Change>,
}

/// A change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The service.
    pub service: &'static str,
    /// The new state.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: u32,
    /// When it is tried again.
    pub retry_after: Option<Duration>,
    /// What the last failure was.
    pub cause: String,
}

impl Gate {
    pub(super) fn new(service: &'static str, options: BreakerOptions) -> Self {
        let inner = Inner {
            machine: Machine::new(options),
            last_cause: String::new(),
            untold: std::collections::VecDeque::new(),
        };
        Self(Arc::new(Shared {
            service,
            inner: Mutex::new(inner),
            changed: watch::Sender::new(0),
            suspicion: Notify::new(),
            is_suspicious: AtomicBool::new(false),
        }))
    }

    /// Lets a call through. What comes of it is told by the permit; a permit that is dropped says
    /// nothing.
    ///
    /// # Errors
    /// `BreakerOpen`, at once.
    pub fn enter(&self) -> Result<Permit, StoreError> {
        let now = Instant::now();
        let mut inner = lock(&self.0.inner);
        let before = inner.machine.standing();
        let admitted = inner.machine.admit(now);
        self.note_change(&mut inner, before, now);
        match admitted {
            Ok(ticket) => Ok(Permit::new(self.clone(), ticket, now)),
            Err(wait) => Err(self.refusal(&inner, wait)),
        }
    }

    fn refusal(&self, inner: &Inner, wait: Duration) -> StoreError {
        StoreError::BreakerOpen {
            service: self.0.service,
            state: inner.machine.standing().state.name(),
            retry_after_ms: millis(wait).max(1),
            cause: inner.last_cause.clone(),
        }
    }

    /// Passes on what a call to the service returns, and takes note of what it says about the service.
    ///
    /// # Errors
    /// `BreakerOpen`, at once, or what the call returns.
    pub async fn guard<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let permit = self.enter()?;
        let result = call.await;
        permit.settle(result.as_ref().err());
        result
    }

    /// As [`Gate::guard`], for a call that may be given up without harm: it is, as soon as the breaker
    /// opens, since it most likely waits for an answer that will not come.
    ///
    /// # Errors
    /// As [`Gate::guard`].
    pub async fn guard_read<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let changed = self.watch();
        let permit = self.enter()?;
        tokio::select! {
            biased;
            result = call => {
                permit.settle(result.as_ref().err());
                result
            }
            refusal = self.opened(changed) => Err(refusal),
        }
    }

    /// Waits until the breaker opens.
    async fn opened(&self, mut changed: watch::Receiver<u64>) -> StoreError {
        loop {
            // The sender lives as long as the gate.
            let _ = changed.changed().await;
            let inner = lock(&self.0.inner);
            if let Some(until) = inner.machine.standing().open_until {
                return self.refusal(&inner, until - Instant::now());
            }
        }
    }

    /// For `health`.
    #[must_use]
    pub fn health(&self) -> BreakerHealth {
        let standing = self.standing();
        BreakerHealth {
            service: self.0.service.to_owned(),
            state: standing.state.name().to_owned(),
            failures: standing.failures,
            retry_after_ms: standing.open_until.map(|until| millis(until - Instant::now())),
        }
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Whether the service is used as ever.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.standing().state == BreakerState::Closed
    }

    /// Why the service was left alone last.
    #[must_use]
    pub fn last_cause(&self) -> String {
        lock(&self.0.inner).last_cause.clone()
    }

    /// Says that the service was seen by other means: it is tried at once.
    pub fn seen(&self) {
        let mut inner = lock(&self.0.inner);
        let before = inner.machine.standing();
        inner.machine.seen();
        self.note_change(&mut inner, before, Instant::now());
    }

    pub(super) fn standing(&self) -> Standing {
        lock(&self.0.inner).machine.standing()
    }

    /// Sees every change from now on.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// The changes that nobody told of yet, oldest first.
    pub(super) fn take_untold(&self) -> Vec<Change> {
        lock(&self.0.inner).untold.drain(..).collect()
    }

    /// Waits until a call makes one doubt that the service answers.
    pub(super) async fn suspected(&self) {
        while !self.0.is_suspicious.swap(false, Ordering::SeqCst) {
            self.0.suspicion.notified().await;
        }
    }

    /// Asks for a look at the service.
    pub fn suspect(&self) {
        self.0.is_suspicious.store(true, Ordering::SeqCst);
        self.0.suspicion.notify_one();
    }

    pub(super) fn settle(&self, ticket: &Ticket, error: Option<&StoreError>, verdict: Verdict) {
        let now = Instant::now();
        let mut inner = lock(&self.0.inner);
        let before = inner.machine.standing();
        if let (Some(error), Verdict::Failure) = (error, verdict) {
            inner.last_cause = error.to_string();
        }
        inner.machine.settle(ticket, verdict, now);
        self.note_change(&mut inner, before, now);
    }

    fn note_change(&self, inner: &mut Inner, before: Standing, now: Instant) {
        let after = inner.machine.standing();
        if after.period == before.period {
            return;
        }
        if inner.untold.len() >= CHANGES_MAX {
            inner.untold.pop_front();
        }
        inner.untold.push_back(Change {
            service: self.0.service,
            state: after.state,
            failures: after.failures,
            retry_after: after.open_until.map(|until| until - now),
            cause: inner.last_cause.clone(),
        });
        self.0.changed.send_replace(after.period);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{super::permit::SUSPICIOUS, *};

    const OPTIONS: BreakerOptions = BreakerOptions {
        failure_threshold: 3,
        reset_timeout: Duration::from_millis(1_000),
        success_threshold: 1,
    };

    fn gate() -> Gate {
        Gate::new("postgresql", OPTIONS)
    }

    fn away() -> StoreError {
        StoreError::Unavailable("connection refused".to_owned())
    }

    async fn fail(gate: &Gate) -> Result<(), StoreError> {
        gate.guard(async { Err(away()) }).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_gate_says_when_and_why() {
        let gate = gate();
        for _ in 0..3 {
            assert_eq!(fail(&gate).await, Err(away()));
        }
        tokio::time::advance(Duration::from_millis(400)).await;
        let refused = gate.enter().map(drop);
        let Err(StoreError::BreakerOpen { state: "open", retry_after_ms: 600, cause, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert!(cause.contains("connection refused"));
        let health = gate.health();
        assert_eq!((health.state.as_str(), health.failures), ("open", 3));
        assert_eq!(health.retry_after_ms, Some(600));
        tokio::time::advance(Duration::from_millis(600)).await;
        assert_eq!(gate.guard(async { Ok(7) }).await, Ok(7));
        let told: Vec<BreakerState> = gate.take_untold().iter().map(|change| change.state).collect();
        assert_eq!(told, [BreakerState::Open, BreakerState::HalfOpen, BreakerState::Closed]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_makes_room_for_the_next() {
        let gate = gate();
        for _ in 0..3 {
            fail(&gate).await.expect_err("away");
        }
        tokio::time::advance(OPTIONS.reset_timeout).await;
        let probe = gate.enter().expect("a probe");
        assert!(gate.enter().is_err(), "one at a time");
        drop(probe);
        let never = gate.guard(std::future::pending::<Result<(), StoreError>>());
        assert!(tokio::time::timeout(Duration::from_secs(5), never).await.is_err());
        assert_eq!(gate.guard(async { Ok(()) }).await, Ok(()));
        assert!(gate.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_under_way_is_given_up_when_the_breaker_opens() {
        let gate = gate();
        let silent = gate.guard_read(std::future::pending::<Result<(), StoreError>>());
        let others = async {
            for _ in 0..3 {
                fail(&gate).await.expect_err("away");
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            given_up = silent => assert!(matches!(given_up, Err(StoreError::BreakerOpen { .. })), "{given_up:?}"),
            () = others => {}
        }
        assert_eq!(gate.health().failures, 3, "it says nothing by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn callers_mistakes_and_deadlines_never_open_it() {
        let gate = gate();
        let harmless = [
            StoreError::refused(agent_memory_proto::ErrorBody::missing("name")),
            StoreError::Busy { queue: "the pool" },
            StoreError::DeadlineExceeded,
            StoreError::DiskFull(String::new()),
            StoreError::ReadOnly(String::new()),
            StoreError::Corrupt(String::new()),
            StoreError::Contended(String::new()),
            StoreError::Other(String::new()),
        ];
        for error in harmless.iter().cycle().take(200) {
            let _ = gate.guard(async { Err::<(), _>(error.clone()) }).await;
        }
        assert!(gate.is_closed());
        assert_eq!(gate.health().failures, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_given_up_after_a_while_asks_for_a_look() {
        let gate = gate();
        drop(gate.enter().expect("closed"));
        let look = Duration::from_millis(1);
        assert!(tokio::time::timeout(look, gate.suspected()).await.is_err(), "given up at once");
        let permit = gate.enter().expect("closed");
        tokio::time::advance(SUSPICIOUS).await;
        drop(permit);
        assert!(tokio::time::timeout(look, gate.suspected()).await.is_ok());
    }
}
