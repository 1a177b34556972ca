//! A client that survives the daemon: on a lost connection it connects again (starting the daemon
//! when nobody answers, unless somebody else is about to) and repeats what was in flight.

use std::{
    borrow::Borrow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use agent_memory_proto::{ErrorCode, Request};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

use crate::{
    call::{CallOptions, Reply},
    client::Client,
    connect::{self, ConnectOptions},
    error::ClientError,
    keys::new_key,
};

/// How long a request is repeated at most because the daemon refuses it for now. A daemon that
/// stops has given way to the next one by then; what takes longer, the caller wants to know.
const REFUSALS_MAX: Duration = Duration::from_secs(15);

/// A handle that connects when first used and again whenever the connection was lost. Clones share
/// the connection. Reads are repeated as they are; writes under the idempotency key that each gets
/// once, so that the daemon applies them once.
#[derive(Clone, Debug)]
pub struct ReconnectingClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: ConnectOptions,
    /// Whether a daemon answered before, so that one that is absent now is most likely being restarted.
    /// Known without the lock, which another caller may hold for longer than a deadline.
    was_connected: AtomicBool,
    /// The connection in use. The lock is held while connecting, so that one caller connects and
    /// the others wait for it.
    current: Mutex<Current>,
}

#[derive(Debug, Default)]
struct Current {
    /// The connection, also when it was lost: it tells of the daemon that answered last.
    client: Option<Client>,
    /// Since when nobody answers who did before.
    absent_since: Option<Instant>,
}

impl ReconnectingClient {
    /// A handle that is not connected yet: returns at once.
    #[must_use]
    pub fn new(options: ConnectOptions) -> Self {
        let inner = Inner { options, was_connected: AtomicBool::new(false), current: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// How it connects.
    #[must_use]
    pub fn options(&self) -> &ConnectOptions {
        &self.inner.options
    }

    /// The connection in use; connects first when there is none. A daemon whose life a service manager decides
    /// is not started here before the manager had the time that a start may take.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn client(&self) -> Result<Client, ClientError> {
        let mut current = self.inner.current.lock().await;
        if let Some(client) = current.client.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let options = &self.inner.options;
        let absent_for = current.absent_since.map_or(Duration::ZERO, |since| since.elapsed());
        let was_managed = current.client.as_ref().is_some_and(|client| client.welcome().is_managed());
        let client = if was_managed && absent_for < options.start_timeout {
            connect::connect(&options.clone().without_start()).await
        } else {
            connect::connect(options).await
        };
        match client {
            Ok(client) => {
                *current = Current { client: Some(client.clone()), absent_since: None };
                self.inner.was_connected.store(true, Relaxed);
                Ok(client)
            }
            Err(error) => {
                if current.client.is_some() {
                    current.absent_since.get_or_insert_with(Instant::now);
                }
                Err(error)
            }
        }
    }

    /// The connection in use; `None` when there is none, or when one is just being made.
    #[must_use]
    pub fn connected(&self) -> Option<Client> {
        let current = self.inner.current.try_lock().ok()?;
        current.client.as_ref().filter(|client| !client.is_closed()).cloned()
    }

    /// Sends a request and waits for its answer, over as many connections as it takes within the
    /// deadline. Waits and repeats when the daemon is busy or stopping, or is absent or does not answer yet
    /// after it answered before; a rate limit's refusal is passed on.
    ///
    /// # Errors
    /// As [`Client::connect`] and [`Client::call`].
    pub async fn call(
        &self,
        request: impl Borrow<Request>,
        mut options: CallOptions,
    ) -> Result<Reply, ClientError> {
        let request = request.borrow();
        let deadline = options.deadline_of(request, self.inner.options.request_timeout);
        if request.is_write() {
            options.idempotency_key.get_or_insert_with(new_key);
        }
        let until = Instant::now() + deadline;
        let mut pauses = pauses();
        let mut refused_since = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ClientError::DeadlineExceeded { after: deadline });
            }
            let error = match self.once(request, options.clone().with_deadline(left), left).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let is_restarted = error.may_be_a_start() && self.inner.was_connected.load(Relaxed);
            let Some(wait) = wait_before_repeat(&error, request, is_restarted, &mut pauses) else {
                return Err(error);
            };
            let refusals_end = match error.refusal() {
                Some(_) => *refused_since.get_or_insert_with(Instant::now) + REFUSALS_MAX,
                None => until,
            };
            if Instant::now() + wait >= until.min(refusals_end) {
                return Err(error);
            }
            tracing::debug!(%error, ?wait, request = request.name(), "repeating");
            sleep(wait).await;
        }
    }

    async fn once(
        &self,
        request: &Request,
        options: CallOptions,
        left: Duration,
    ) -> Result<Reply, ClientError> {
        let client = match timeout(left, self.client()).await {
            Ok(client) => client?,
            Err(_) => return Err(ClientError::DeadlineExceeded { after: left }),
        };
        client.call(request, options).await
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(Duration::from_millis(500))
        .with_jitter()
        .without_max_times()
        .build()
}

/// How long to wait before the request is sent again; `None` when it must not be.
fn wait_before_repeat(
    error: &ClientError,
    request: &Request,
    is_restarted: bool,
    pauses: &mut ExponentialBackoff,
) -> Option<Duration> {
    // These act on one daemon: repeated on the next, they would stop that one too.
    if matches!(request, Request::Stop | Request::HandOver(_)) {
        return None;
    }
    let pause = pauses.next().unwrap_or(Duration::from_millis(500));
    match error {
        ClientError::ConnectionLost { .. }
        | ClientError::Stopping { .. }
        | ClientError::TooManyConnections => Some(pause),
        _ if is_restarted => Some(pause),
        // With an internal error it is not known whether a write was stored; its key settles that. The
        // daemon says when to try again where that can help.
        ClientError::Refused(body)
            if matches!(body.code, ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::Internal) =>
        {
            body.retry_after_ms.map(|wait_ms| Duration::from_millis(wait_ms).max(pause))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{ErrorBody, handshake::Purpose, request::HandOver};

    use super::*;
    use crate::locations::Locations;

    fn wait(error: ClientError, request: &Request) -> Option<Duration> {
        wait_before_repeat(&error, request, false, &mut pauses())
    }

    fn lost() -> ClientError {
        ClientError::ConnectionLost { reason: "gone".to_owned() }
    }

    #[test]
    fn a_lost_connection_is_repeated_but_for_what_acts_on_one_daemon() {
        assert!(wait(lost(), &Request::Health).is_some());
        assert!(wait(lost(), &Request::Stop).is_none());
        assert!(wait(lost(), &Request::HandOver(HandOver { build: "1.0.0".to_owned() })).is_none());
    }

    #[test]
    fn an_absent_daemon_is_waited_for_if_it_was_there() {
        let absent = ClientError::NotRunning { socket: "/s".into() };
        let starting = ClientError::Unresponsive { socket: "/s".into(), waited: Duration::ZERO };
        for error in [absent, starting] {
            assert!(error.may_be_a_start());
            assert!(wait_before_repeat(&error, &Request::Health, true, &mut pauses()).is_some());
            assert!(wait(error, &Request::Health).is_none());
        }
        assert!(!ClientError::Protocol("nonsense".to_owned()).may_be_a_start());
    }

    #[tokio::test]
    async fn a_call_that_failed_does_not_wait_for_a_caller_that_connects() {
        let nowhere = Locations::resolve(Some("/nowhere".as_ref()), Some("/nowhere.sock".as_ref()));
        let options = ConnectOptions::new(&nowhere.expect("resolves"), Purpose::Library).without_start();
        let client = ReconnectingClient::new(options);
        let held = client.inner.current.lock().await;
        // In the order of coming: the call gets the lock and fails, then the other keeps it.
        let call = client.call(Request::Health, CallOptions::default());
        let both = async { tokio::join!(biased; call, client.inner.current.lock(), async { drop(held) }) };
        let (answer, ..) = timeout(Duration::from_secs(30), both).await.expect("the call ends");
        assert!(matches!(answer, Err(ClientError::NotRunning { .. })));
    }

    #[test]
    fn a_busy_daemon_is_given_the_time_it_asks_for() {
        let busy = |code| ErrorBody::new(code, "later").with_retry_after_ms(700).into();
        assert_eq!(wait(busy(ErrorCode::Busy), &Request::Health), Some(Duration::from_millis(700)));
        assert_eq!(wait(busy(ErrorCode::RateLimited), &Request::Health), None);
        let unsettled = busy(ErrorCode::Internal);
        assert_eq!(wait(unsettled, &Request::Health), Some(Duration::from_millis(700)));
        for code in [ErrorCode::Unavailable, ErrorCode::Internal] {
            assert_eq!(wait(ErrorBody::new(code, "away").into(), &Request::Health), None);
        }
    }
}
