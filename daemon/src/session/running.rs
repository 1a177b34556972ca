//! Requests under way on one connection: run side by side, each within its deadline, each alone
//! with its panic.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use agent_memory_proto::{ErrorBody, ErrorCode, response::Masking};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::AbortHandle, stream::FuturesUnordered};

use super::admission::Admitted;
use crate::{
    handlers::{self, Answer, Asked},
    latencies::Timed,
    services::Services,
};

/// A finished request.
pub(super) struct Finished {
    pub(super) request_id: u64,
    pub(super) name: &'static str,
    /// The key under which the answer may be cached.
    pub(super) key: Option<Bytes>,
    pub(super) started_at: Instant,
    pub(super) timed: Timed,
    pub(super) result: Result<Answer, ErrorBody>,
    /// What is stored otherwise than it came.
    pub(super) masking: Option<Masking>,
}

/// The requests under way.
pub(super) struct Running {
    services: Arc<Services>,
    futures: FuturesUnordered<Pin<Box<dyn Future<Output = Finished>>>>,
    cancellable: HashMap<u64, AbortHandle>,
}

impl Running {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self { services, futures: FuturesUnordered::new(), cancellable: HashMap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.futures.len()
    }

    pub(super) fn start(&mut self, request_id: u64, admitted: Admitted) {
        let Admitted { call, request, bytes, .. } = admitted;
        let (name, is_write, deadline) = (request.name(), request.is_write(), call.deadline);
        // Who waits in line is not held there; a lock that was just granted ends by itself.
        let waits = request.wait_ms() > 0;
        let is_cancellable = !is_write || waits;
        let timed = match (waits, is_write) {
            (true, _) => Timed::Waited,
            (false, true) => Timed::Write,
            (false, false) => Timed::Read,
        };
        if is_write {
            self.services.counters.writes.fetch_add(1, Ordering::Relaxed);
        }
        let started_at = Instant::now();
        let masked = Arc::clone(&call.masked);
        let (handled, abort) = futures_util::future::abortable(handlers::handle_once(call, request, bytes));
        if is_cancellable {
            self.cancellable.insert(request_id, abort);
        }
        let work = AssertUnwindSafe(handled).catch_unwind();
        self.services.counters.in_flight.fetch_add(1, Ordering::Relaxed);
        self.futures.push(Box::pin(async move {
            let (key, result) = match tokio::time::timeout_at(deadline.into(), work).await {
                Ok(Ok(Ok(Asked { key, handled }))) => (key, handled),
                Ok(Ok(Err(_))) => {
                    (None, Err(ErrorBody::new(ErrorCode::Cancelled, "the caller cancelled the request")))
                }
                Ok(Err(_)) => (None, Err(panicked())),
                Err(_) => (None, Err(late(is_write))),
            };
            Finished { request_id, name, key, started_at, timed, result, masking: masked.taken() }
        }));
    }

    /// Gives up a read. A write goes on: it may be in the store already.
    pub(super) fn cancel(&mut self, request_id: u64) {
        if let Some(abort) = self.cancellable.remove(&request_id) {
            abort.abort();
        }
    }

    /// The next finished request; waits for ever when none is under way.
    pub(super) async fn next(&mut self) -> Finished {
        match self.futures.next().await {
            Some(finished) => self.forget(finished),
            None => std::future::pending().await,
        }
    }

    /// A request that has finished already.
    pub(super) fn next_ready(&mut self) -> Option<Finished> {
        let finished = self.futures.next().now_or_never().flatten()?;
        Some(self.forget(finished))
    }

    fn forget(&mut self, finished: Finished) -> Finished {
        self.cancellable.remove(&finished.request_id);
        self.services.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
        finished
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let left = u32::try_from(self.futures.len()).unwrap_or(u32::MAX);
        self.services.counters.in_flight.fetch_sub(left, Ordering::Relaxed);
    }
}

fn panicked() -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal, "the request crashed; the others go on").with_suggestion(
        "The daemon's log has the cause; a write may be repeated with the same idempotency key",
    )
}

fn late(is_write: bool) -> ErrorBody {
    let error =
        ErrorBody::new(ErrorCode::DeadlineExceeded, "the deadline passed before the answer was there");
    if is_write {
        error.with_suggestion(
            "It may still be stored: repeat it with the same idempotency key to learn its outcome",
        )
    } else {
        error.with_suggestion("Ask for less or allow more time")
    }
}
