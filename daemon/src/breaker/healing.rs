//! Looks after a breaker: tells of its changes, and tries the service again by itself, so that no
//! caller has to be sacrificed to find out that it is back.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::event::BreakerState;
use futures_util::future::{BoxFuture, join};
use tokio::time::{sleep, sleep_until, timeout};

use super::gate::{Change, Gate};
use crate::store::StoreError;

/// The lightest call that needs the service.
pub type Ping = Arc<dyn Fn() -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;
/// Told of every change.
pub type OnBreaker = Arc<dyn Fn(&Change) + Send + Sync>;

/// A service that has not answered the lightest call by then is silent.
const PING_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two looks that calls asked for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Before a failed look is repeated, and before a probe is tried again for which there was no place.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks after a breaker for ever.
pub(super) async fn look_after(gate: Gate, ping: Ping, on_change: OnBreaker) {
    join(tell(&gate, &on_change), heal(&gate, &ping)).await;
}

async fn tell(gate: &Gate, on_change: &OnBreaker) {
    let mut changed = gate.watch();
    loop {
        changed.borrow_and_update();
        for change in gate.take_untold() {
            log(&change);
            on_change(&change);
        }
        // The gate is held by this very task, so its sender lives.
        let _ = changed.changed().await;
    }
}

fn log(change: &Change) {
    let Change { service, failures, cause, .. } = change;
    let retry_after_ms = change.retry_after.map(|wait| wait.as_millis());
    match change.state {
        BreakerState::Open => tracing::warn!(
            service,
            failures,
            retry_after_ms,
            "the circuit breaker opened, requests are refused until the service is tried again: {cause}"
        ),
        BreakerState::HalfOpen => {
            tracing::info!(service, "the circuit breaker is half open: the service is tried again")
        }
        BreakerState::Closed => {
            tracing::info!(service, "the circuit breaker closed: the service is used as before")
        }
    }
}

async fn heal(gate: &Gate, ping: &Ping) {
    let mut changed = gate.watch();
    loop {
        changed.borrow_and_update();
        let standing = gate.standing();
        match (standing.state, standing.open_until) {
            (BreakerState::Open, Some(until)) => tokio::select! {
                () = sleep_until(until) => { probe(gate, ping).await; }
                _ = changed.changed() => {}
            },
            (BreakerState::HalfOpen, _) => {
                if !probe(gate, ping).await {
                    tokio::select! {
                        () = sleep(PAUSE) => {}
                        _ = changed.changed() => {}
                    }
                }
            }
            (BreakerState::Closed | BreakerState::Open, _) => tokio::select! {
                () = gate.suspected() => {
                    if probe(gate, ping).await {
                        sleep(BETWEEN_LOOKS).await;
                    } else {
                        // Until the service answers or the breaker opens.
                        gate.suspect();
                        sleep(PAUSE).await;
                    }
                }
                _ = changed.changed() => {}
            },
        }
    }
}

/// Makes the lightest call, through the gate. Whether it succeeded.
async fn probe(gate: &Gate, ping: &Ping) -> bool {
    let Ok(permit) = gate.enter() else { return false };
    let result = timeout(PING_TIMEOUT, ping()).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("it has not answered for {} ms", PING_TIMEOUT.as_millis())))
    });
    permit.settle(result.as_ref().err());
    if let Err(error) = &result {
        tracing::debug!(%error, "a look at the service failed");
    }
    result.is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    };

    use super::{super::machine::BreakerOptions, *};

    const OPTIONS: BreakerOptions =
        BreakerOptions { failure_threshold: 2, reset_timeout: Duration::from_secs(30), success_threshold: 2 };

    #[derive(Default)]
    struct Service {
        is_up: AtomicBool,
        is_silent: AtomicBool,
        pings: AtomicU32,
    }

    fn watched(service: &Arc<Service>) -> (Gate, Arc<Mutex<Vec<BreakerState>>>) {
        let gate = Gate::new("postgresql", OPTIONS);
        let told = Arc::new(Mutex::new(Vec::new()));
        let (asked, heard) = (Arc::clone(service), Arc::clone(&told));
        let ping: Ping = Arc::new(move || {
            let service = Arc::clone(&asked);
            Box::pin(async move {
                service.pings.fetch_add(1, Ordering::SeqCst);
                if service.is_silent.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
                match service.is_up.load(Ordering::SeqCst) {
                    true => Ok(()),
                    false => Err(StoreError::Unavailable("refused".to_owned())),
                }
            })
        });
        let on_change: OnBreaker =
            Arc::new(move |change| heard.lock().expect("not poisoned").push(change.state));
        tokio::spawn(look_after(gate.clone(), ping, on_change));
        (gate, told)
    }

    async fn open(gate: &Gate) {
        for _ in 0..OPTIONS.failure_threshold {
            let away = async { Err::<(), _>(StoreError::Unavailable("refused".to_owned())) };
            gate.guard(away).await.expect_err("away");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_heals_without_a_caller() {
        let service = Arc::new(Service::default());
        let (gate, told) = watched(&service);
        open(&gate).await;
        sleep(OPTIONS.reset_timeout - Duration::from_millis(1)).await;
        assert_eq!(service.pings.load(Ordering::SeqCst), 0, "left alone until then");
        sleep(Duration::from_millis(2)).await;
        assert_eq!(service.pings.load(Ordering::SeqCst), 1, "one look, which opens it again");
        service.is_up.store(true, Ordering::SeqCst);
        sleep(OPTIONS.reset_timeout).await;
        assert!(gate.is_closed());
        assert_eq!(service.pings.load(Ordering::SeqCst), 3);
        use BreakerState::{Closed, HalfOpen, Open};
        assert_eq!(*told.lock().expect("not poisoned"), [Open, HalfOpen, Open, HalfOpen, Closed]);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_opens_it_though_every_caller_gave_up() {
        let service = Arc::new(Service::default());
        service.is_silent.store(true, Ordering::SeqCst);
        let (gate, _) = watched(&service);
        let never = gate.guard(std::future::pending::<Result<(), StoreError>>());
        assert!(timeout(Duration::from_secs(1), never).await.is_err());
        assert!(gate.is_closed(), "a caller's patience says nothing");
        sleep(Duration::from_secs(7)).await;
        assert!(!gate.is_closed());
        assert!(gate.last_cause().contains("has not answered"));
    }
}
