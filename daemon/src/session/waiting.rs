//! Requests that wait for an allowance which daemons share, in the order in which they came.

use std::{collections::VecDeque, pin::Pin, sync::Arc};

use agent_memory_proto::{ErrorBody, ErrorCode};
use futures_util::FutureExt;

use super::admission::{self, Admitted};
use crate::{limiter::Allowance, services::Services};

/// What became of a request that waited.
pub(super) type Waited = (u64, Result<Admitted, ErrorBody>);

type Asking = Pin<Box<dyn Future<Output = Result<(), ErrorBody>>>>;

/// The queue of one connection. Only its first asks: what it is given mostly suffices for the others.
pub(super) struct Waiting {
    services: Arc<Services>,
    queue: VecDeque<Waiter>,
    asking: Option<Asking>,
}

struct Waiter {
    request_id: u64,
    admitted: Admitted,
    is_cancelled: bool,
}

impl Waiting {
    pub(super) fn new(services: Arc<Services>) -> Self {
        Self { services, queue: VecDeque::new(), asking: None }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn push(&mut self, request_id: u64, admitted: Admitted) {
        self.queue.push_back(Waiter { request_id, admitted, is_cancelled: false });
    }

    /// Gives a request up that was not begun, also a write.
    pub(super) fn cancel(&mut self, request_id: u64) {
        for waiter in self.queue.iter_mut().filter(|waiter| waiter.request_id == request_id) {
            waiter.is_cancelled = true;
        }
    }

    /// The first, once it may go on or may not; waits for ever when none waits.
    pub(super) async fn next(&mut self) -> Waited {
        let Some(first) = self.queue.front() else { return std::future::pending().await };
        let allowed = match first.admitted.allowance {
            Allowance::Granted => Ok(()),
            Allowance::Asked => {
                let asking: &mut Asking = self.asking.get_or_insert_with(|| {
                    let Admitted { call, request, .. } = &first.admitted;
                    let services = Arc::clone(&self.services);
                    Box::pin(admission::ask(services, call.agent.clone(), request.name()))
                });
                let allowed = asking.await;
                self.asking = None;
                allowed
            }
        };
        let first = self.queue.pop_front().expect("nothing else takes the first");
        let allowed = match first.is_cancelled {
            true => Err(ErrorBody::new(ErrorCode::Cancelled, "the caller cancelled the request")),
            false => allowed,
        };
        (first.request_id, allowed.map(|()| first.admitted))
    }

    /// The first, if nothing has to be waited for.
    pub(super) fn next_ready(&mut self) -> Option<Waited> {
        self.next().now_or_never()
    }
}
