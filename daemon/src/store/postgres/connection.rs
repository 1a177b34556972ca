//! One connection: statements with their parameters, prepared once where that holds, and
//! transactions. It is used by one request at a time, and thrown away when that request is given up
//! half-way.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{
    TryStreamExt,
    future::{join, join_all, join4},
};
use tokio_postgres::{Client, Row, Statement, types::Type};

use super::{
    error::{During, chain, of_driver},
    values::Value,
};
use crate::store::StoreError;

/// Prepared statements of one connection; beyond, they are all prepared anew.
const STATEMENTS_MAX: usize = 256;

/// Begins a transaction that ends as [`Connection::commit_then_flush`] says.
/// Each of its statements sees what was committed before it; what has to stay is locked.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off";

/// As [`BEGIN`], for a statement that is run all the time and not worth a plan of its own every time.
const BEGIN_OFTEN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off; \
    SET LOCAL plan_cache_mode = force_generic_plan";

/// A transaction that writes a little to the server's log, so that its commit waits until the log is on
/// the disk up to there.
const FLUSH: &str = "SELECT pg_logical_emit_message(true, 'agent_memory', '')";

/// A connection to the server, or to a pooler before it.
pub(super) struct Connection {
    client: Client,
    /// Whether statements that were prepared are still there for the next one: not behind a pooler
    /// that gives every transaction another connection.
    keeps_state: bool,
    statements: Mutex<HashMap<String, Statement>>,
    in_transaction: AtomicBool,
    under_way: AtomicBool,
    broken: AtomicBool,
    /// When it was given back last.
    idle_since: Mutex<Instant>,
    /// No answer within this time means that there will be none.
    answer_timeout: Duration,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("keeps_state", &self.keeps_state).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(client: Client, keeps_state: bool, answer_timeout: Duration) -> Self {
        Self {
            client,
            keeps_state,
            statements: Mutex::default(),
            in_transaction: false.into(),
            under_way: false.into(),
            broken: false.into(),
            idle_since: Mutex::new(Instant::now()),
            answer_timeout,
        }
    }

    /// Whether it can no longer be used: closed, or left in the middle of something.
    pub(super) fn is_broken(&self) -> bool {
        self.client.is_closed()
            || self.broken.load(Ordering::Relaxed)
            || self.under_way.load(Ordering::Relaxed)
            || self.in_transaction.load(Ordering::Relaxed)
    }

    /// Whether an answer is still to come, for a request that was given up.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// It is used no more for now.
    pub(super) fn rest(&self) {
        *crate::supervisor::lock(&self.idle_since) = Instant::now();
    }

    /// Since when it was not used.
    pub(super) fn idle_for(&self) -> Duration {
        crate::supervisor::lock(&self.idle_since).elapsed()
    }

    /// It is not to be used again.
    pub(super) fn retire(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Asks the server to stop what this connection does.
    pub(super) fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// The rows of one statement.
    ///
    /// # Errors
    /// What the server says; `Unavailable` when the connection breaks or there is no answer.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.ready(sql, values).await?;
        self.answered(During::Work, self.send(statement, sql, values)).await
    }

    /// As [`Connection::rows`], with a plan of its own every time: for a statement whose best plan changes
    /// with what its transaction stores.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn rows_planned_anew(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.answered(During::Work, self.send(None, sql, values)).await
    }

    /// The only row of one statement, if there is one.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The rows of one statement that stores something, outside of a transaction: it is durable
    /// when this returns.
    ///
    /// # Errors
    /// As [`Connection::rows`], and `Unsettled` when the connection breaks before the answer is there.
    pub(super) async fn write(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.ready(sql, values).await?;
        self.answered(During::Commit, self.send(statement, sql, values)).await
    }

    /// As [`Connection::write`], for a statement that notifies others: in a transaction of its own, that
    /// ends as [`Connection::commit_then_flush`] says. All of it is one round trip.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub(super) async fn write_and_notify(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.end_durably(Some(BEGIN_OFTEN), Some((sql, values))).await
    }

    /// Returns when everything that this connection can see is on the server's disk.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.answered(During::Commit, self.client.batch_execute(FLUSH)).await
    }

    /// Runs statements without parameters.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.answered(During::Work, self.client.batch_execute(sql)).await
    }

    /// Begins a transaction together with its first statement, in one round trip. `begin` is
    /// `BEGIN` with its options and what else is to be set.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn begin_with(
        &self,
        begin: &str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.begin_with_all(begin, &[(sql, values)]).await?.pop().unwrap_or_default())
    }

    /// Begins a transaction together with its first statements, a few, in one round trip.
    ///
    /// # Errors
    /// As [`Connection::rows`].
    pub(super) async fn begin_with_all(
        &self,
        begin: &str,
        statements: &[(&str, &[Value<'_>])],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut sending = Vec::with_capacity(statements.len());
        for (sql, values) in statements {
            sending.push(self.send(self.ready(sql, values).await?, sql, values));
        }
        self.in_transaction.store(true, Ordering::Relaxed);
        let all = async {
            let (begun, rows) = join(self.client.batch_execute(begin), join_all(sending)).await;
            begun?;
            rows.into_iter().collect()
        };
        self.answered(During::Work, all).await
    }

    /// Ends a transaction that changes nothing together with its last statement, in one round trip.
    ///
    /// # Errors
    /// As [`Connection::write`]; nothing was stored unless it is `Unsettled`.
    pub(super) async fn commit_with(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.ready(sql, values).await?;
        let both = async {
            // A commit after a failed statement is a rollback.
            let (rows, committed) =
                join(self.send(statement, sql, values), self.client.batch_execute("COMMIT")).await;
            rows.and_then(|rows| committed.map(|()| rows))
        };
        let rows = self.answered(During::Commit, both).await?;
        self.in_transaction.store(false, Ordering::Relaxed);
        Ok(rows)
    }

    /// Ends a transaction of [`BEGIN`] together with its last statement, if there is one. A notification
    /// holds a lock of the whole database until its transaction is over: that one does not wait for the
    /// disk, the next one does, which is sent along and comes after it in the server's log.
    ///
    /// # Errors
    /// As [`Connection::write`]; nothing was stored unless it is `Unsettled`.
    pub(super) async fn commit_then_flush(
        &self,
        last: Option<(&str, &[Value<'_>])>,
    ) -> Result<Vec<Row>, StoreError> {
        self.end_durably(None, last).await
    }

    /// Begins a transaction, if it is not begun yet, runs its last statement, commits and flushes.
    async fn end_durably(
        &self,
        begin: Option<&str>,
        last: Option<(&str, &[Value<'_>])>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut statement = None;
        if let Some((sql, values)) = last {
            statement = self.ready(sql, values).await?;
        }
        let begin = async {
            match begin {
                Some(begin) => self.client.batch_execute(begin).await,
                None => Ok(()),
            }
        };
        let rows = async {
            match last {
                Some((sql, values)) => self.send(statement, sql, values).await,
                None => Ok(Vec::new()),
            }
        };
        let all = async {
            let (begun, rows, committed, flushed) =
                join4(begin, rows, self.client.batch_execute("COMMIT"), self.client.batch_execute(FLUSH))
                    .await;
            // A commit after a failed statement is a rollback.
            Ok((begun.and(rows).and_then(|rows| committed.map(|()| rows))?, flushed))
        };
        let (rows, flushed) = self.answered(During::Commit, all).await?;
        self.in_transaction.store(false, Ordering::Relaxed);
        flushed
            .map(|()| rows)
            .map_err(|error| StoreError::Unsettled(format!("it may not be durable: {}", chain(&error))))
    }

    /// Gives up a transaction, if one is open. A connection that cannot even do that is broken.
    pub(super) async fn rollback(&self) {
        let is_lost = self.client.is_closed() || self.broken.load(Ordering::Relaxed);
        if self.in_transaction.load(Ordering::Relaxed) && !is_lost {
            let done = self.answered(During::Work, self.client.batch_execute("ROLLBACK")).await;
            self.in_transaction.store(done.is_err(), Ordering::Relaxed);
        }
    }

    /// Prepares a statement if that has to be done before it can be sent: what is sent together
    /// must be sent in order. `None` when it is sent as text.
    async fn ready(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Statement>, StoreError> {
        if !self.keeps_state {
            return Ok(None);
        }
        let prepared = crate::supervisor::lock(&self.statements).get(sql).cloned();
        if prepared.is_some() {
            return Ok(prepared);
        }
        let types: Vec<Type> = values.iter().map(|(_, of)| of.clone()).collect();
        let statement = self.answered(During::Work, self.client.prepare_typed(sql, &types)).await?;
        let mut statements = crate::supervisor::lock(&self.statements);
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(sql.to_owned(), statement.clone());
        Ok(Some(statement))
    }

    async fn send(
        &self,
        statement: Option<Statement>,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        match statement {
            Some(statement) => {
                let values = values.iter().map(|(value, _)| *value);
                self.client.query_raw(&statement, values).await?.try_collect().await
            }
            None => self.client.query_typed(sql, values).await,
        }
    }

    /// Waits for an answer, and knows from then on whether the connection is still of use.
    async fn answered<T>(
        &self,
        during: During,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        self.under_way.store(true, Ordering::Relaxed);
        let answer = tokio::time::timeout(self.answer_timeout, answer).await;
        // What was not answered in time goes on at the server, and is cancelled there.
        self.under_way.store(answer.is_err(), Ordering::Relaxed);
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(of_driver(&error, during)),
            Err(_) => {
                self.broken.store(true, Ordering::Relaxed);
                let text = format!("the server has not answered for {} ms", self.answer_timeout.as_millis());
                Err(match during {
                    During::Work => StoreError::Unavailable(text),
                    During::Commit => StoreError::Unsettled(text),
                })
            }
        }
    }
}
