//! The writer: applies writes in savepoints of one transaction, and finds its way back by itself
//! after a full disk, a read-only directory or a lost transaction.

use std::sync::Arc;

use agent_memory_proto::Response;
use rusqlite::Connection;

use super::{
    connection, gap::Gap, housekeeping::Housekeeping, identity::FileIdentity, options::SqliteOptions, writes,
};
use crate::{
    actors::BatchWriter,
    clock::Clock,
    store::{OnChange, StoreError, WriteOutcome, rules::PreparedWrite},
};

/// What the writer is asked to do.
#[derive(Debug)]
pub(super) enum Job {
    /// A write of a caller.
    Write(Box<PreparedWrite>),
    /// The health check's canary.
    Canary { value: i64, at_ms: i64 },
}

pub(super) struct SqliteWriter {
    pub(super) connection: Connection,
    options: SqliteOptions,
    pub(super) on_change: OnChange,
    housekeeping: Housekeeping,
    file: FileIdentity,
    /// SQLite gave up the open transaction by itself, with what was applied in it.
    lost: Option<StoreError>,
    /// The connection failed in a way that a new one may not.
    is_suspect: bool,
}

impl SqliteWriter {
    pub(super) fn open(
        options: &SqliteOptions,
        clock: &Clock,
        on_change: &OnChange,
        gap: &Arc<Gap>,
    ) -> Result<Self, StoreError> {
        let mut connection = connection::open_writer(options)?;
        let housekeeping = Housekeeping::new(options, clock.clone(), Arc::clone(gap));
        housekeeping.watch(&mut connection)?;
        Ok(Self {
            connection,
            options: options.clone(),
            on_change: Arc::clone(on_change),
            housekeeping,
            file: FileIdentity::of(options.database()),
            lost: None,
            is_suspect: false,
        })
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Remembers a failure of the connection, as opposed to one of the caller.
    fn note(&mut self, error: StoreError) -> StoreError {
        match &error {
            StoreError::ReadOnly(_)
            | StoreError::Corrupt(_)
            | StoreError::Unavailable(_)
            | StoreError::Other(_) => self.is_suspect = true,
            StoreError::Refused(_)
            | StoreError::TakenBack(_)
            | StoreError::Busy { .. }
            | StoreError::DeadlineExceeded
            | StoreError::DiskFull(_)
            | StoreError::Locked(_)
            | StoreError::Contended(_)
            | StoreError::BreakerOpen { .. }
            | StoreError::Lost(_)
            | StoreError::Unsettled(_) => {}
        }
        error
    }

    /// Leaves no transaction open, and looks whether the store is still the one that was opened.
    pub(super) fn make_ready(&mut self) -> Result<(), StoreError> {
        self.rollback();
        self.file.check()?;
        self.reopen_if_suspect()
    }

    /// Goes on with a new connection: whatever the old one remembers of the store goes with it.
    pub(super) fn open_anew(&mut self) {
        self.is_suspect = true;
        if let Err(error) = self.reopen_if_suspect() {
            tracing::warn!(%error, "the writer has no new connection yet; the next write makes one");
        }
    }

    fn reopen_if_suspect(&mut self) -> Result<(), StoreError> {
        if self.is_suspect {
            let mut connection = connection::open_writer(&self.options)?;
            self.housekeeping.watch(&mut connection)?;
            self.connection = connection;
            self.is_suspect = false;
            tracing::info!("the writer opened a new connection");
        }
        Ok(())
    }

    fn apply_in_savepoint(&self, job: &Job) -> Result<WriteOutcome, StoreError> {
        self.execute("SAVEPOINT one_write")?;
        let result = match job {
            Job::Write(prepared) => writes::apply_once(&self.connection, &prepared.request, &prepared.texts),
            Job::Canary { value, at_ms } => self.write_canary(*value, *at_ms),
        };
        let result = result.and_then(|outcome| self.execute("RELEASE one_write").map(|()| outcome));
        if result.is_err() {
            self.leave_savepoint();
        }
        result
    }

    fn write_canary(&self, value: i64, at_ms: i64) -> Result<WriteOutcome, StoreError> {
        let sql = "UPDATE canary SET value = ?1, at_ms = ?2 WHERE id = 1";
        self.connection.prepare_cached(sql)?.execute((value, at_ms))?;
        Ok(WriteOutcome { reply: Response::Done, changes: Vec::new(), replayed: false })
    }

    /// Undoes the savepoint; if that is impossible, the whole transaction. SQLite may have given it
    /// up already.
    fn leave_savepoint(&self) {
        if self.connection.is_autocommit() {
            return;
        }
        let undone = self.execute("ROLLBACK TO one_write").and_then(|()| self.execute("RELEASE one_write"));
        if let Err(error) = undone {
            tracing::warn!(%error, "a write could not be undone alone; its batch is given up");
            if let Err(error) = self.execute("ROLLBACK") {
                tracing::warn!(%error, "the transaction could not be rolled back");
            }
        }
    }

    /// Remembers that the transaction is gone, with every write that was applied in it.
    fn note_lost(&mut self, cause: &StoreError) {
        if self.connection.is_autocommit() {
            self.lost = Some(cause.clone());
        }
    }
}

impl BatchWriter for SqliteWriter {
    type Request = Job;
    type Reply = WriteOutcome;

    fn begin(&mut self) -> Result<(), StoreError> {
        self.make_ready()?;
        let begun = self.execute("BEGIN IMMEDIATE");
        begun.map_err(|error| self.note(error))
    }

    fn apply(&mut self, job: &Job) -> Result<WriteOutcome, StoreError> {
        if let Some(error) = &self.lost {
            return Err(error.clone());
        }
        let result = self.apply_in_savepoint(job).map_err(|error| self.note(error));
        if let Err(error) = &result {
            self.note_lost(error);
        }
        result
    }

    fn undo(&mut self) {
        self.leave_savepoint();
        self.note_lost(&StoreError::Unavailable("another write of the same batch panicked".to_owned()));
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if let Some(error) = self.lost.take() {
            return Err(error);
        }
        if let Err(error) = self.execute("COMMIT") {
            self.rollback();
            return Err(self.note(error));
        }
        self.housekeeping.after_commit(&self.connection);
        Ok(())
    }

    fn rollback(&mut self) {
        self.lost = None;
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::warn!(%error, "the transaction could not be rolled back");
            self.is_suspect = true;
        }
    }

    fn committed(&mut self, outcome: &WriteOutcome) {
        outcome.changes.iter().for_each(|change| (self.on_change)(change));
    }

    fn idle(&mut self) -> bool {
        !self.is_suspect && self.housekeeping.idle(&self.connection)
    }

    fn close(&mut self) {
        self.rollback();
        self.housekeeping.close(&self.connection);
    }
}
