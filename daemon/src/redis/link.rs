//! The connection for commands. Requests never make one: a task does, and until it has, they are told so
//! at once. A server that falls silent thus costs those who ask just then their timeout, and nobody else.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use agent_memory_proto::settings::PREFIX;
use arc_swap::ArcSwapOption;
use backon::{BackoffBuilder, ExponentialBuilder};
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, TlsCertificates,
    aio::MultiplexedConnection,
};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{RedisOptions, error};
use crate::{breaker::Gate, store::StoreError, supervisor::lock};

/// How often an idle connection is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const RETRY_FIRST: Duration = Duration::from_millis(50);
pub(super) const RETRY_LAST: Duration = Duration::from_secs(2);
/// How long the start of the daemon waits for the first connection.
const START_PATIENCE: Duration = Duration::from_millis(1_500);
/// Commands that may wait to be sent.
const WAITING_MAX: usize = 1_024;

/// The connection, while there is one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

struct Shared {
    client: Client,
    location: String,
    connect_timeout: Duration,
    response_timeout: Duration,
    current: ArcSwapOption<Live>,
    lost: Notify,
    /// Why there is no connection.
    cause: Mutex<String>,
    failures: AtomicU64,
    /// Whether the first attempt is over.
    is_settled: watch::Sender<bool>,
}

/// A connection that works, as far as is known.
struct Live {
    connection: MultiplexedConnection,
    number: u64,
}

impl Link {
    /// Prepares to connect.
    ///
    /// # Errors
    /// `Unavailable` when the certificate authorities cannot be read.
    pub(super) fn new(options: &RedisOptions) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Shared {
            client: client(options)?,
            location: options.location(),
            connect_timeout: options.connect_timeout,
            response_timeout: options.response_timeout,
            current: ArcSwapOption::empty(),
            lost: Notify::new(),
            cause: Mutex::new("the connection was not made yet".to_owned()),
            failures: 0.into(),
            is_settled: watch::Sender::new(false),
        })))
    }

    /// Connects, and connects again whenever the connection is lost, for ever.
    pub(super) async fn keep_up(self, gate: Gate) {
        let mut pauses = pauses().build();
        let mut last_cause = String::new();
        for number in 1.. {
            match self.connect().await {
                Ok(connection) => {
                    self.0.current.store(Some(Arc::new(Live { connection, number })));
                    self.0.is_settled.send_replace(true);
                    tracing::info!(location = self.0.location, "Redis is used");
                    gate.seen();
                    (pauses, last_cause) = (self::pauses().build(), String::new());
                    self.watch_over(number).await;
                }
                Err(cause) => *lock(&self.0.cause) = cause,
            }
            self.0.failures.fetch_add(1, Ordering::Relaxed);
            self.0.is_settled.send_replace(true);
            gate.suspect();
            let cause = self.cause();
            if cause != last_cause {
                tracing::warn!(location = self.0.location, "Redis is done without: {cause}");
                last_cause = cause;
            }
            tokio::time::sleep(pauses.next().unwrap_or(RETRY_LAST)).await;
        }
    }

    /// Waits until the first attempt to connect is over, or has taken long.
    pub(super) async fn settled(&self) {
        let mut settled = self.0.is_settled.subscribe();
        let _ = timeout(START_PATIENCE, settled.wait_for(|is_settled| *is_settled)).await;
    }

    async fn connect(&self) -> Result<MultiplexedConnection, String> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.0.connect_timeout))
            .set_response_timeout(Some(self.0.response_timeout))
            .set_pipeline_buffer_size(WAITING_MAX);
        let mut connection = self.open(&config).await?;
        redis::cmd("PING").exec_async(&mut connection).await.map_err(|error| error::told(&error))?;
        Ok(connection)
    }

    /// A connection of its own with these options, made within the timeout of the settings.
    pub(super) async fn open(&self, config: &AsyncConnectionConfig) -> Result<MultiplexedConnection, String> {
        let opening = self.0.client.get_multiplexed_async_connection_with_config(config);
        match timeout(self.0.connect_timeout, opening).await {
            Ok(opened) => opened.map_err(|error| error::told(&error)),
            Err(_) => Err(format!("it took no connection within {} ms", self.0.connect_timeout.as_millis())),
        }
    }

    /// Looks after a connection until it is lost.
    async fn watch_over(&self, number: u64) {
        while self.0.current.load().as_ref().is_some_and(|live| live.number == number) {
            tokio::select! {
                () = self.0.lost.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {
                    // What it finds is noted where every answer is.
                    let _ = self.ping().await;
                }
            }
        }
    }

    /// The lightest command; returns how long it took.
    pub(super) async fn ping(&self) -> Result<Duration, StoreError> {
        let began = Instant::now();
        self.query::<redis::Value>(&redis::cmd("PING")).await?;
        Ok(began.elapsed())
    }

    /// Sends a command.
    ///
    /// # Errors
    /// As [`super::Redis::query`], without the breaker.
    pub(super) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let live = self.live()?;
        let mut connection = live.connection.clone();
        self.noted(&live, command.query_async(&mut connection).await)
    }

    /// Runs a script.
    ///
    /// # Errors
    /// As [`super::Redis::run`], without the breaker.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &redis::ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let live = self.live()?;
        let mut connection = live.connection.clone();
        self.noted(&live, script.invoke_async(&mut connection).await)
    }

    /// Whether there is a connection.
    pub(super) fn is_up(&self) -> bool {
        self.0.current.load().is_some()
    }

    /// Why there was no connection last.
    pub(super) fn cause(&self) -> String {
        lock(&self.0.cause).clone()
    }

    /// Connections that were lost or could not be made.
    pub(super) fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    fn live(&self) -> Result<Arc<Live>, StoreError> {
        self.0.current.load_full().ok_or_else(|| StoreError::Unavailable(self.cause()))
    }

    /// Takes note of what an answer says about the connection.
    fn noted<T>(&self, live: &Live, answer: RedisResult<T>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            if error::is_of_the_connection(&error) {
                let cause = match error.is_timeout() {
                    true => format!("it has not answered for {} ms", self.0.response_timeout.as_millis()),
                    false => error::told(&error),
                };
                self.lose(live.number, &cause);
                return StoreError::Unavailable(cause);
            }
            error::of(&error)
        })
    }

    /// The connection is not used from now on, unless it was replaced already.
    fn lose(&self, number: u64, cause: &str) {
        let before = self.0.current.load();
        if before.as_ref().is_none_or(|live| live.number != number) {
            return;
        }
        cause.clone_into(&mut lock(&self.0.cause));
        // Only the task that connects stores another one, and it waits for this.
        self.0.current.store(None);
        self.0.lost.notify_one();
    }
}

fn client(options: &RedisOptions) -> Result<Client, StoreError> {
    if options.is_encrypted() {
        // Whoever was first has the same provider: it is the only one of this build.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    if options.is_unverified() {
        tracing::warn!(
            "{PREFIX}REDIS_TLS_REJECT_UNAUTHORIZED is 0: the certificate of the Redis server is not checked, so anybody \
             in between can read and change everything"
        );
    }
    let opened = match &options.authorities {
        Some(file) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(authorities(file)?) };
            Client::build_with_tls(options.server.clone(), certificates)
        }
        None => Client::open(options.server.clone()),
    };
    opened.map_err(|error| StoreError::Unavailable(format!("Redis at {}: {error}", options.location())))
}

/// What is in the file, which must hold at least one certificate.
fn authorities(file: &Path) -> Result<Vec<u8>, StoreError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let unreadable = |cause: String| {
        StoreError::Unavailable(format!(
            "{PREFIX}REDIS_TLS_CA={}: {cause}; it takes a PEM file with at least one certificate",
            file.display()
        ))
    };
    let text = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let first = CertificateDer::pem_slice_iter(&text).next();
    match first {
        Some(Ok(_)) => Ok(text),
        Some(Err(error)) => Err(unreadable(error.to_string())),
        None => Err(unreadable("there is no certificate in it".to_owned())),
    }
}

/// Between attempts to connect.
pub(super) fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LAST)
        .with_jitter()
        .without_max_times()
}
