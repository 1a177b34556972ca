//! The statements of one search, all in one snapshot of the database. The first is sent together with
//! the beginning of the transaction, the last with its end.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use tokio_postgres::Row;

use crate::{
    store::{
        StoreError,
        postgres::{connection::Connection, values::Value},
    },
    supervisor::lock,
};

/// What is left to a search that is given any time at all.
const PATIENCE_MIN: Duration = Duration::from_millis(1);

/// A transaction that only reads.
#[derive(Debug)]
pub(in crate::store::postgres) struct Reading<'a> {
    connection: &'a Connection,
    /// How to begin; `None` once that is done.
    begin: Mutex<Option<String>>,
}

/// What begins a transaction whose statements end by the deadline. The statements of a search are
/// written so that they have one good plan whatever the values are: making a plan for the values, with
/// statistics of thousands of words, takes longer than many a search.
///
/// # Errors
/// When it has passed.
pub(in crate::store::postgres) fn begin_until(deadline: Instant) -> Result<String, StoreError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(StoreError::DeadlineExceeded);
    }
    let left_ms = left.max(PATIENCE_MIN).as_millis().min(86_400_000);
    Ok(format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {left_ms}; \
         SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off"
    ))
}

impl<'a> Reading<'a> {
    /// A transaction of its own.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub(super) fn until(deadline: Instant, connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self { connection, begin: Mutex::new(Some(begin_until(deadline)?)) })
    }

    /// The transaction that the connection is in.
    pub(super) const fn within(connection: &'a Connection) -> Self {
        Self { connection, begin: Mutex::new(None) }
    }

    /// The rows of a statement.
    ///
    /// # Errors
    /// What the server says.
    pub(in crate::store::postgres) async fn rows(
        &self,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let begin = lock(&self.begin).take();
        match begin {
            Some(begin) => self.connection.begin_with(&begin, sql, values).await,
            None => self.connection.rows(sql, values).await,
        }
    }

    /// The rows of the last statement.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn last_rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        if lock(&self.begin).take().is_some() {
            // It is the only one, and needs no snapshot to share with others.
            return self.connection.rows(sql, values).await;
        }
        self.connection.commit_with(sql, values).await
    }

    /// Ends it, if it was begun, with nothing more to read.
    pub(super) async fn end(&self) {
        self.connection.rollback().await;
    }
}
