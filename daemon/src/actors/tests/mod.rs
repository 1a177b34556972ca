//! What the actors promise: bounded queues, few commits for many writes, and a panic that fails
//! one request.

mod group_commit;
mod supervision;
mod workers;

use std::future::Future;

use super::{all_at_once, block_on};
use crate::supervisor::{Supervisor, remember_panics_for_test};

/// Runs a scenario with a supervisor.
fn supervised<F: Future<Output = ()>>(scenario: impl FnOnce(Supervisor) -> F) {
    remember_panics_for_test();
    block_on(async { scenario(Supervisor::start()).await }).unwrap();
}

/// How often the actor of that name was started again, and why last.
fn restarts(supervisor: &Supervisor, name: &str) -> (u32, Option<String>) {
    let actor = supervisor.health().into_iter().find(|actor| actor.name == name).expect("the actor");
    (actor.restarts, actor.last_panic)
}
