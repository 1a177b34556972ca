//! The connection for commands. Requests never make one: a task does, and until it has, they are told so
//! at once. A server that falls silent thus costs those who ask just then their timeout, and nobody else.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwapOption;
use backon::{BackoffBuilder, ExponentialBuilder};
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisResult, Value, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{RedisOptions, connection::Connection, error, kind::Place, opening::Opening};
use crate::{breaker::Gate, store::StoreError, supervisor::lock};

/// How often an idle connection is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const RETRY_FIRST: Duration = Duration::from_millis(50);
pub(super) const RETRY_LAST: Duration = Duration::from_secs(2);
/// How long the start of the daemon waits for the first connection.
const START_PATIENCE: Duration = Duration::from_millis(1_500);

/// The connection, while there is one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Link(Arc<Shared>);

struct Shared {
    opening: Opening,
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
    connection: Connection,
    place: Place,
    number: u64,
}

impl Link {
    /// Prepares to connect.
    ///
    /// # Errors
    /// `Unavailable` when the certificate authorities cannot be read.
    pub(super) fn new(options: &RedisOptions) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Shared {
            opening: Opening::new(options)?,
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
            match self.0.opening.commands().await {
                Ok((connection, place)) => {
                    let (location, kind) =
                        (self.0.opening.options.location(), self.0.opening.options.kind.told().name());
                    tracing::info!(location, kind, address = %place, "Redis is used");
                    self.0.current.store(Some(Arc::new(Live { connection, place, number })));
                    self.0.is_settled.send_replace(true);
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
                let location = self.0.opening.options.location();
                tracing::warn!(location, "Redis is done without: {cause}");
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

    /// A connection of its own for events, made within the timeout of the settings.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn open(&self, config: &AsyncConnectionConfig) -> Result<MultiplexedConnection, String> {
        self.0.opening.events(config).await
    }

    /// Looks after a connection until it is lost.
    async fn watch_over(&self, number: u64) {
        while let Some(live) = self.0.current.load_full().filter(|live| live.number == number) {
            let mut connection = live.connection.clone();
            tokio::select! {
                () = self.0.lost.notified() => {}
                looked = async {
                    tokio::time::sleep(LOOK_EVERY).await;
                    self.0.opening.look(&mut connection, &live.place).await
                } => if let Err(cause) = looked {
                    self.lose(number, &cause);
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

    /// What the server says of itself, or every master of a cluster does; nothing when it may not be asked.
    pub(super) async fn facts(&self) -> Vec<String> {
        let answer = self.query::<Value>(redis::cmd("INFO").arg("server").arg("memory")).await;
        let answers = match answer {
            Ok(Value::Map(of_each)) => of_each.into_iter().map(|(_, facts)| facts).collect(),
            Ok(facts) => vec![facts],
            Err(_) => Vec::new(),
        };
        answers.into_iter().filter_map(|facts| String::from_redis_value(facts).ok()).collect()
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

    /// Where commands go: the server in use, else what the settings say.
    pub(super) fn place(&self) -> Place {
        let live = self.0.current.load();
        live.as_ref().map_or_else(|| self.0.opening.options.place(), |live| live.place.clone())
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
                let cause = self.0.opening.told(&error);
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

/// Between attempts to connect.
pub(super) fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LAST)
        .with_jitter()
        .without_max_times()
}
