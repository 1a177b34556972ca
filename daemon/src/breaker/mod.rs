//! Circuit breakers: one for each service outside the daemon. The supervisor holds them and keeps
//! running what looks after them; a gate before each service enforces what was decided.

mod gate;
mod healing;
mod machine;
mod permit;

use std::sync::Mutex;

use agent_memory_proto::response::BreakerHealth;

pub use gate::{Change, Gate};
pub use healing::{OnBreaker, Ping};
pub use machine::{BreakerOptions, Verdict};
pub use permit::Permit;

use crate::{
    store::StoreError,
    supervisor::{Supervisor, lock},
};

/// The breakers, by the name of their service.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<Vec<Gate>>);

impl Breakers {
    /// For `health`.
    #[must_use]
    pub fn health(&self) -> Vec<BreakerHealth> {
        lock(&self.0).iter().map(Gate::health).collect()
    }

    /// The gate of a service.
    #[must_use]
    pub fn gate(&self, service: &str) -> Option<Gate> {
        lock(&self.0).iter().find(|gate| gate.service() == service).cloned()
    }

    /// What is wrong, in words, with what happens next.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let gates = lock(&self.0).clone();
        gates.iter().filter(|gate| !gate.is_closed()).map(problem).collect()
    }
}

fn problem(gate: &Gate) -> String {
    let BreakerHealth { service, state, failures, retry_after_ms } = gate.health();
    let cause = gate.last_cause();
    let next = match retry_after_ms {
        Some(wait_ms) => format!("it is tried again in {wait_ms} ms"),
        None => "it is being tried".to_owned(),
    };
    format!(
        "the circuit breaker of {service} is {state} after {failures} failures in a row; {next}. The last: {cause}"
    )
}

/// Puts a breaker before a service, and has the supervisor keep running what looks after it.
///
/// # Errors
/// When that cannot be started.
pub fn start(
    supervisor: &Supervisor,
    service: &'static str,
    options: BreakerOptions,
    ping: Ping,
    on_change: OnBreaker,
) -> Result<Gate, StoreError> {
    let gate = Gate::new(service, options);
    lock(&supervisor.breakers().0).push(gate.clone());
    let guarded = gate.clone();
    crate::actors::keep_running(supervisor, format!("breaker-{service}"), move || {
        healing::look_after(guarded.clone(), Ping::clone(&ping), OnBreaker::clone(&on_change))
    })?;
    Ok(gate)
}
