//! What the actors promise: bounded queues, few commits for many writes, and a panic that fails
//! one request.

mod group_commit;
mod supervision;
mod workers;

use std::future::{Future, poll_fn};

use super::block_on;
use crate::supervisor::{Supervisor, remember_panics_for_test};

/// Runs a scenario with a supervisor.
fn supervised<F: Future<Output = ()>>(scenario: impl FnOnce(Supervisor) -> F) {
    remember_panics_for_test();
    block_on(async { scenario(Supervisor::start()).await }).unwrap();
}

/// Begins every future before the first is awaited, then awaits all.
async fn all_at_once<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(move |context| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if running.iter().any(|(_, output)| output.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(running.iter_mut().filter_map(|(_, output)| output.take()).collect())
    })
    .await
}

/// How often the actor of that name was started again, and why last.
fn restarts(supervisor: &Supervisor, name: &str) -> (u32, Option<String>) {
    let actor = supervisor.health().into_iter().find(|actor| actor.name == name).expect("the actor");
    (actor.restarts, actor.last_panic)
}
