//! Tasks that are meant to run for ever: an actor without messages, whose only purpose is that the
//! supervisor starts it again when it panics.

use std::{future::Future, sync::Arc};

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use crate::{
    store::StoreError,
    supervisor::{DeathGuard, Slot, Supervisor},
};

struct Task<F> {
    future: Option<F>,
    _guard: DeathGuard,
}

impl<F: Future<Output = ()> + Unpin + 'static> Actor for Task<F> {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if let Some(future) = self.future.take() {
            let ended = future.into_actor(self).map(|(), _, context: &mut Self::Context| {
                actix::ActorContext::stop(context);
            });
            context.spawn(ended);
        }
    }
}

/// Runs what `make` returns, and again when it panics or ends.
///
/// # Errors
/// When it cannot be started.
pub fn keep_running<F>(
    supervisor: &Supervisor,
    name: String,
    make: impl Fn() -> F + Send + Sync + 'static,
) -> Result<(), StoreError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let arbiter = supervisor.arbiter();
    let slot = Slot::start(name, supervisor.downgrade(), move |guard| {
        let future = Box::pin(make());
        Ok(Task::start_in_arbiter(&arbiter, move |_| Task { future: Some(future), _guard: guard }))
    })?;
    supervisor.watch(Arc::clone(&slot) as _);
    Ok(())
}
