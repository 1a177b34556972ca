//! The rows of a write, in a transaction of a connection. What the rules read first is read together
//! with its beginning, and what they store last is stored together with its end.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use agent_memory_proto::model::{
    Entry, EntryKind, FileLock, Id, Org, Project, ScopeLevel, ScopeRef, Session, SessionStatus, Version,
};
use tokio_postgres::Row;

use super::{
    ahead::{self, Ahead},
    entry_rows, idempotency,
    later::{Conflict, Later},
    lock_rows, scope_rows,
};
use crate::{
    store::{
        IdempotencyKey, LockClaim, StoreError, WriteRequest,
        postgres::{
            connection::{BEGIN, Connection},
            values::Value,
        },
        rules::{KeptReply, PathLock, Step, StoredEntry, WriteTransaction},
    },
    supervisor::lock,
    text::entry::IndexedEntry,
};

pub(super) struct PgTransaction<'a> {
    connection: &'a Connection,
    is_begun: AtomicBool,
    /// The rules went on from a name that was free.
    found_a_free_name: AtomicBool,
    /// Something is kept under the key of the write, though it may be past its time.
    found_a_reply: AtomicBool,
    ahead: Mutex<Ahead>,
    later: Mutex<Later>,
}

impl<'a> PgTransaction<'a> {
    /// Begins the transaction of a write, or leaves that to its first statement.
    pub(super) async fn begin(connection: &'a Connection, request: &WriteRequest) -> Step<Self> {
        let ahead = ahead::begin(connection, BEGIN, request).await?;
        Ok(Self {
            connection,
            is_begun: ahead.is_some().into(),
            found_a_free_name: false.into(),
            found_a_reply: false.into(),
            ahead: Mutex::new(ahead.unwrap_or_default()),
            later: Mutex::default(),
        })
    }

    /// Stores what is left to be stored, tells other daemons, and commits.
    ///
    /// # Errors
    /// As [`Connection::commit_then_flush`].
    pub(super) async fn commit(&self, payloads: &[String]) -> Step<()> {
        let later = std::mem::take(&mut *lock(&self.later));
        if later.has_rows() || later.reply.is_some() || !payloads.is_empty() {
            later.store(self.connection, payloads, true).await?;
            return Ok(());
        }
        self.connection.commit_then_flush(None).await.map(drop)
    }

    /// Stores the rows that wait, before something else looks at them.
    async fn flush(&self) -> Step<i64> {
        let reply = lock(&self.later).reply.take();
        let later = std::mem::take(&mut *lock(&self.later));
        lock(&self.later).reply = reply;
        let stored = if later.has_rows() { later.store(self.connection, &[], false).await? } else { 0 };
        let entries = &mut lock(&self.ahead).entries;
        if entries.len() > REMEMBERED_MAX {
            entries.clear();
        }
        Ok(stored)
    }

    /// The rows of a statement of the transaction.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Step<Vec<Row>> {
        self.flush().await?;
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
        Err(StoreError::Contended(GIVEN_UP.to_owned()))
    }
}

const GIVEN_UP: &str = "the name was taken or given up at the same time";

/// Entries that are remembered as they stand: beyond, they are read again when they are asked for.
const REMEMBERED_MAX: usize = 1_000;

/// The row of no entry.
const NO_ROW: i64 = 0;

impl WriteTransaction for PgTransaction<'_> {
    async fn lock_scopes(&self) -> Step<()> {
        scope_rows::lock(self).await
    }

    async fn scope_key(&self, scope: &ScopeRef) -> Step<Option<i64>> {
        if let Some((read, key)) = lock(&self.ahead).scope.take()
            && read == *scope
        {
            return Ok(key);
        }
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
        if let Some(found) = lock(&self.ahead).entries.get(&id) {
            return Ok(found.clone().filter(|stored| stored.entry.kind() == kind));
        }
        entry_rows::load(self, kind, id).await
    }

    async fn entry_named(&self, scope_key: i64, kind: EntryKind, name: &str) -> Step<Option<Entry>> {
        let ahead = lock(&self.ahead).named.take();
        let found = match ahead.filter(|(of, read, _)| *of == kind && read == name) {
            Some((_, _, found)) => found,
            None => entry_rows::named(self, scope_key, kind, name).await?,
        };
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

    async fn insert_with_history(
        &self,
        scope_key: i64,
        entry: &Entry,
        earlier: &[Version],
        text: &IndexedEntry,
    ) -> Step<bool> {
        if !entry_rows::insert(self, scope_key, entry, text).await? {
            // Of many entries some name was free; that says nothing about this one.
            if entry_rows::is_taken(self, scope_key, entry, NO_ROW).await? {
                return Ok(false);
            }
            return Err(StoreError::Contended(GIVEN_UP.to_owned()));
        }
        if !earlier.is_empty() {
            entry_rows::insert_versions(self, entry, earlier).await?;
        }
        Ok(true)
    }

    async fn replace_entry(&self, old: &StoredEntry, new: &Entry) -> Step<bool> {
        let is_renamed = new.name != old.entry.name;
        let is_there_twice = || lock(&self.later).replaced.iter().any(|(other, _)| other.rowid == old.rowid);
        if is_renamed || is_there_twice() {
            self.flush().await?;
        }
        lock(&self.later).replaced.push((old.clone(), new.clone()));
        // Whether the name is free has to be known now.
        if is_renamed && self.flush().await? == 0 {
            self.check_taken(old.scope_key, new, old.rowid).await?;
            return Ok(false);
        }
        let stored = StoredEntry { entry: new.clone(), ..*old };
        lock(&self.ahead).entries.insert(new.id, Some(stored));
        Ok(true)
    }

    async fn remove_entry(&self, old: &StoredEntry) -> Step<()> {
        lock(&self.later).removed.push(old.rowid);
        lock(&self.ahead).entries.insert(old.entry.id, None);
        Ok(())
    }

    async fn insert_conflict(&self, old: &StoredEntry, new: &Entry, at_ms: i64) -> Step<()> {
        let conflict = Conflict { rowid: old.rowid, old: old.entry.clone(), new: new.clone(), at_ms };
        lock(&self.later).conflicts.push(conflict);
        Ok(())
    }

    async fn session_goes_on(&self, id: Id) -> Step<Option<bool>> {
        lock_rows::session_goes_on(self, id).await
    }

    async fn path_lock(&self, path: &str, _: i64) -> Step<PathLock> {
        let ahead = lock(&self.ahead).path_lock.take();
        match ahead {
            Some(found) => Ok(found),
            None => lock_rows::find(self, path).await,
        }
    }

    async fn grant_lock(&self, claim: &LockClaim, now_ms: i64) -> Step<FileLock> {
        lock_rows::grant(self, claim, now_ms).await
    }

    async fn renew_lock(&self, lock: &FileLock) -> Step<()> {
        lock_rows::renew(self, lock).await
    }

    async fn remove_lock(&self, path: &str) -> Step<()> {
        lock_rows::remove(self, path).await
    }

    async fn remove_locks_of_sessions(&self, sessions: &[Id]) -> Step<()> {
        lock_rows::remove_of_sessions(self, sessions).await
    }

    async fn kept_reply(&self, key: &IdempotencyKey) -> Step<Option<KeptReply>> {
        let ahead = lock(&self.ahead).kept.take();
        let kept = match ahead {
            Some(kept) => kept,
            None => idempotency::find(self, key).await?,
        };
        self.found_a_reply.store(kept.is_some(), Ordering::Relaxed);
        Ok(kept)
    }

    async fn keep_reply(&self, key: &IdempotencyKey, at_ms: i64, reply: &[u8]) -> Step<()> {
        if self.found_a_reply.load(Ordering::Relaxed) {
            idempotency::forget(self, key, at_ms).await?;
        }
        lock(&self.later).reply = Some((*key, at_ms, reply.to_vec()));
        Ok(())
    }
}
