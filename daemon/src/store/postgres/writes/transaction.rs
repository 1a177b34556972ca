//! The rows of a write, in a transaction of a connection. It is begun together with its first
//! statement.

use std::sync::atomic::{AtomicBool, Ordering};

use agent_memory_proto::model::{
    Entry, EntryKind, Id, Org, Project, ScopeLevel, ScopeRef, Session, SessionStatus,
};
use tokio_postgres::Row;

use super::{entry_rows, idempotency, scope_rows};
use crate::{
    store::{
        IdempotencyKey, StoreError,
        postgres::{connection::Connection, values::Value},
        rules::{KeptReply, Step, StoredEntry, WriteTransaction},
    },
    text::entry::IndexedEntry,
};

/// Each statement sees what was committed before it; what has to stay is locked.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

pub(super) struct PgTransaction<'a> {
    connection: &'a Connection,
    is_begun: AtomicBool,
    /// The rules went on from a name that was free.
    found_a_free_name: AtomicBool,
}

impl<'a> PgTransaction<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, is_begun: false.into(), found_a_free_name: false.into() }
    }

    /// The rows of a statement of the transaction.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Step<Vec<Row>> {
        if self.is_begun.swap(true, Ordering::Relaxed) {
            self.connection.rows(sql, values).await
        } else {
            self.connection.begin_with(BEGIN, sql, values).await
        }
    }

    /// The only row of a statement of the transaction, if there is one.
    pub(super) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Step<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Whether a name or id that could not be had is still taken, so that a refusal can say by whom.
    ///
    /// # Errors
    /// `Contended` when the one who had it is gone, or came after the rules had looked.
    async fn check_taken(&self, scope_key: i64, entry: &Entry, but: i64) -> Step<()> {
        if !self.found_a_free_name.load(Ordering::Relaxed)
            && entry_rows::is_taken(self, scope_key, entry, but).await?
        {
            return Ok(());
        }
        Err(StoreError::Contended("the name was taken or given up at the same time".to_owned()))
    }
}

/// The row of no entry.
const NO_ROW: i64 = 0;

impl WriteTransaction for PgTransaction<'_> {
    async fn lock_scopes(&self) -> Step<()> {
        scope_rows::lock(self).await
    }

    async fn scope_key(&self, scope: &ScopeRef) -> Step<Option<i64>> {
        scope_rows::key(self, scope).await
    }

    async fn insert_scope(&self, level: ScopeLevel, id: Id, parent: i64) -> Step<Option<i64>> {
        scope_rows::insert_scope(self, level, id, parent).await
    }

    async fn move_scope(&self, key: i64, parent: i64) -> Step<()> {
        scope_rows::move_scope(self, key, parent).await
    }

    async fn org_named(&self, name: &str) -> Step<Option<Id>> {
        scope_rows::org_named(self, name).await
    }

    async fn insert_org(&self, key: i64, org: &Org) -> Step<()> {
        scope_rows::insert_org(self, key, org).await
    }

    async fn project(&self, id: Id) -> Step<Option<Project>> {
        scope_rows::project(self, id).await
    }

    async fn project_at(&self, root_path: &str) -> Step<Option<Project>> {
        scope_rows::project_at(self, root_path).await
    }

    async fn project_named(&self, name: &str, org: i64) -> Step<Option<Project>> {
        scope_rows::project_named(self, name, org).await
    }

    async fn insert_project(&self, key: i64, org: i64, project: &Project) -> Step<()> {
        scope_rows::insert_project(self, key, org, project).await
    }

    async fn update_project(&self, key: i64, org: i64, project: &Project) -> Step<()> {
        scope_rows::update_project(self, key, org, project).await
    }

    async fn remove_project(&self, key: i64) -> Step<Vec<ScopeRef>> {
        scope_rows::remove_project(self, key).await
    }

    async fn session(&self, id: Id) -> Step<Option<Session>> {
        scope_rows::session(self, id).await
    }

    async fn active_session(&self, like: &Session, project: i64) -> Step<Option<Session>> {
        scope_rows::active_session(self, like, project).await
    }

    async fn insert_session(&self, key: i64, project: i64, session: &Session) -> Step<()> {
        scope_rows::insert_session(self, key, project, session).await
    }

    async fn set_session_status(
        &self,
        key: i64,
        status: SessionStatus,
        ended_at_ms: Option<i64>,
    ) -> Step<()> {
        scope_rows::set_session_status(self, key, status, ended_at_ms).await
    }

    async fn entry(&self, kind: EntryKind, id: Id) -> Step<Option<StoredEntry>> {
        entry_rows::load(self, kind, id).await
    }

    async fn entry_named(&self, scope_key: i64, kind: EntryKind, name: &str) -> Step<Option<Entry>> {
        let found = entry_rows::named(self, scope_key, kind, name).await?;
        self.found_a_free_name.fetch_or(found.is_none(), Ordering::Relaxed);
        Ok(found)
    }

    async fn insert_entry(&self, scope_key: i64, entry: &Entry, text: &IndexedEntry) -> Step<bool> {
        if entry_rows::insert(self, scope_key, entry, text).await? {
            return Ok(true);
        }
        self.check_taken(scope_key, entry, NO_ROW).await?;
        Ok(false)
    }

    async fn replace_entry(&self, old: &StoredEntry, new: &Entry) -> Step<bool> {
        if entry_rows::replace(self, old, new).await? {
            return Ok(true);
        }
        self.check_taken(old.scope_key, new, old.rowid).await?;
        Ok(false)
    }

    async fn remove_entry(&self, old: &StoredEntry) -> Step<()> {
        entry_rows::remove(self, old.rowid).await
    }

    async fn insert_conflict(&self, old: &StoredEntry, new: &Entry, at_ms: i64) -> Step<()> {
        entry_rows::insert_conflict(self, old, new, at_ms).await
    }

    async fn kept_reply(&self, key: &IdempotencyKey) -> Step<Option<KeptReply>> {
        idempotency::find(self, key).await
    }

    async fn keep_reply(&self, key: &IdempotencyKey, at_ms: i64, reply: &[u8]) -> Step<()> {
        idempotency::keep(self, key, at_ms, reply).await
    }
}
