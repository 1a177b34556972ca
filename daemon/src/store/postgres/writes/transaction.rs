//! The rows of a write, in a transaction of a connection. What the rules read first is read together
//! with its beginning, and what they store last is stored together with its end.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use agent_memory_proto::{
    model::{
        AuditEntry, Conflict, Entry, EntryKind, FileLock, Id, Node, Org, Permission, Project, Relation,
        RelationKind, ScopeLevel, ScopeRef, Session, SessionReport, Tag, Task, TaskVersion, Version,
    },
    response::ListedRelation,
};
use tokio_postgres::Row;

use super::{
    added::{self, Added},
    ahead::{self, Ahead},
    conflict_rows, entry_rows,
    expected::{self, Name, name_of},
    idempotency,
    later::{self, Later},
    lock_rows, moving, permission_rows, scope_rows, task_rows,
};
use crate::{
    store::{
        IdempotencyKey, LockClaim, Resolution, StoreError, WriteRequest,
        postgres::{
            connection::{BEGIN, Connection},
            relations, tags,
            values::Value,
        },
        rules::{
            KeptReply, NodeKey, PathLock, SessionState, Step, StoredEntry, StoredNode, WriteTransaction,
        },
        task_rows::StoredTask,
    },
    supervisor::lock,
    text::entry::IndexedEntry,
};

pub(in crate::store::postgres) struct PgTransaction<'a> {
    connection: &'a Connection,
    is_begun: AtomicBool,
    /// The name that was looked for last, if it was free.
    free_name: Mutex<Option<Name>>,
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
            free_name: Mutex::default(),
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
        let mut later = std::mem::take(&mut *lock(&self.later));
        later.store_added(self.connection).await?;
        if later.has_rows() || later.reply.is_some() || !later.audit.is_empty() || !payloads.is_empty() {
            later.store(self.connection, payloads, true).await?;
            return Ok(());
        }
        self.connection.commit_then_flush(None).await.map(drop)
    }

    /// Stores the rows that wait, before something else looks at them.
    async fn flush(&self) -> Step<i64> {
        let mut later = {
            let mut waiting = lock(&self.later);
            let kept = waiting.what_comes_last();
            std::mem::replace(&mut *waiting, kept)
        };
        later.store_added(self.connection).await?;
        let stored = if later.has_rows() { later.store(self.connection, &[], false).await? } else { 0 };
        lock(&self.ahead).make_room();
        Ok(stored)
    }

    /// The rows of a statement of the transaction.
    pub(in crate::store::postgres) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Step<Vec<Row>> {
        self.flush().await?;
        if self.is_begun.swap(true, Ordering::Relaxed) {
            self.connection.rows(sql, values).await
        } else {
            self.connection.begin_with(BEGIN, sql, values).await
        }
    }

    /// As [`PgTransaction::rows`], with a plan of its own every time.
    pub(super) async fn rows_planned_anew(&self, sql: &str, values: &[Value<'_>]) -> Step<Vec<Row>> {
        self.flush().await?;
        if self.is_begun.swap(true, Ordering::Relaxed) {
            self.connection.rows_planned_anew(sql, values).await
        } else {
            self.connection.begin_with(BEGIN, sql, values).await
        }
    }

    /// The only row of a statement of the transaction, if there is one.
    pub(in crate::store::postgres) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Step<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Stores a new entry; false when its name or its id is taken.
    async fn insert_now(&self, entry: Added) -> Step<bool> {
        let entries = [entry];
        let stored = self.row(&added::INSERT, &added::Columns::of(&entries).values()).await?;
        Ok(added::count(stored.as_ref())? == entries.len())
    }

    /// Whether a name or id that could not be had is still taken, so that a refusal can say by whom.
    ///
    /// # Errors
    /// `Contended` when the one who had it is gone, or came after the rules had looked.
    async fn check_taken(&self, scope_key: i64, entry: &Entry, but: i64) -> Step<()> {
        let was_free = lock(&self.free_name).as_ref() == Some(&name_of(scope_key, entry));
        if !was_free && entry_rows::is_taken(self, scope_key, entry, but).await? {
            return Ok(());
        }
        Err(StoreError::Contended(GIVEN_UP.to_owned()))
    }
}

/// Why a write is run again.
pub(super) const GIVEN_UP: &str = "the name was taken or given up at the same time";

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

    async fn set_session_state(&self, key: i64, state: &SessionState<'_>) -> Step<Option<String>> {
        scope_rows::set_session_state(self, key, state).await
    }

    async fn abandoned_sessions(&self, before_ms: i64, at_ms: i64, limit: u32) -> Step<Vec<SessionReport>> {
        scope_rows::abandoned_sessions(self, before_ms, at_ms, limit).await
    }

    async fn expect_entries(&self, next: &[(i64, &Entry)]) -> Step<()> {
        let expected = expected::read(self, next).await?;
        let mut ahead = lock(&self.ahead);
        (ahead.entries, ahead.names) = (expected.entries, expected.names);
        Ok(())
    }

    async fn entries_in(&self, scope_key: i64, limit: usize) -> Step<Vec<StoredEntry>> {
        moving::entries_in(self, scope_key, limit).await
    }

    async fn move_entry(&self, old: &StoredEntry, scope_key: i64) -> Step<()> {
        moving::move_entry(self, old, scope_key).await
    }

    async fn entry(&self, kind: EntryKind, id: Id) -> Step<Option<StoredEntry>> {
        if let Some(found) = lock(&self.ahead).entries.get(&id) {
            return Ok(found.clone().filter(|stored| stored.entry.kind() == kind));
        }
        entry_rows::load(self, kind, id).await
    }

    async fn entry_named(&self, scope_key: i64, kind: EntryKind, name: &str) -> Step<Option<Entry>> {
        let name: Name = (scope_key, kind, name.to_owned());
        let (remembered, named) = {
            let mut ahead = lock(&self.ahead);
            (ahead.named.take(), ahead.entry_named(&name))
        };
        let found = match (remembered.filter(|(of, read, _)| *of == kind && *read == name.2), named) {
            (Some((_, _, found)), _) | (None, Some(found)) => found,
            (None, None) => entry_rows::named(self, scope_key, kind, &name.2).await?,
        };
        *lock(&self.free_name) = found.is_none().then_some(name);
        Ok(found)
    }

    async fn insert_entry(&self, scope_key: i64, entry: &Entry, text: &IndexedEntry) -> Step<bool> {
        if self.insert_now(Added::of(scope_key, entry, &[], text)).await? {
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
        let added = Added::of(scope_key, entry, earlier, text);
        let is_free = lock(&self.ahead).is_free(scope_key, entry);
        if is_free {
            lock(&self.ahead).forget(scope_key, entry);
            lock(&self.later).added.push(added);
            return Ok(true);
        }
        if self.insert_now(added).await? {
            lock(&self.ahead).forget(scope_key, entry);
            return Ok(true);
        }
        // That its name was free says nothing about its id.
        if entry_rows::is_taken(self, scope_key, entry, NO_ROW).await? {
            return Ok(false);
        }
        Err(StoreError::Contended(GIVEN_UP.to_owned()))
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
        lock(&self.ahead).replaced(old, new);
        Ok(true)
    }

    async fn remove_entry(&self, old: &StoredEntry) -> Step<()> {
        lock(&self.later).removed.push(old.rowid);
        lock(&self.ahead).removed(old);
        Ok(())
    }

    async fn insert_conflict(&self, old: &StoredEntry, new: &Entry, at_ms: i64) -> Step<()> {
        let conflict = later::Conflict { rowid: old.rowid, old: old.entry.clone(), new: new.clone(), at_ms };
        lock(&self.later).conflicts.push(conflict);
        Ok(())
    }

    async fn node(&self, node: Node) -> Step<Option<StoredNode>> {
        relations::locked_node(self, node).await
    }

    async fn insert_relation(&self, source: NodeKey, target: NodeKey, relation: &Relation) -> Step<bool> {
        relations::insert(self, source, target, relation).await
    }

    async fn relation_between(
        &self,
        source: NodeKey,
        target: NodeKey,
        kind: RelationKind,
    ) -> Step<Option<Relation>> {
        relations::between(self, source, target, kind).await
    }

    async fn remove_relation(&self, id: Id) -> Step<Option<ListedRelation>> {
        relations::remove(self, id).await
    }

    async fn count_relations(&self) -> Step<u64> {
        relations::count(self).await
    }

    async fn tag(&self, id: Id) -> Step<Option<Tag>> {
        tags::by_id(self, id).await
    }

    async fn tag_named(&self, name: &str) -> Step<Option<Tag>> {
        tags::by_name(self, name).await
    }

    async fn insert_tag(&self, tag: &Tag) -> Step<bool> {
        tags::insert(self, tag).await
    }

    async fn update_tag(&self, tag: &Tag) -> Step<()> {
        tags::update(self, tag).await
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

    async fn conflict(&self, id: Id) -> Step<Option<Conflict>> {
        conflict_rows::load(self, id).await
    }

    async fn resolve_conflict(&self, wish: &Resolution, at_ms: i64) -> Step<()> {
        conflict_rows::resolve(self, wish, at_ms).await
    }

    async fn version(&self, of: &StoredEntry, number: u32) -> Step<Option<Version>> {
        conflict_rows::version(self, of, number).await
    }

    async fn lock_task_graph(&self) -> Step<()> {
        task_rows::lock_graph(self).await
    }

    async fn scope_parent(&self, key: i64) -> Step<Option<i64>> {
        task_rows::scope_parent(self, key).await
    }

    async fn task(&self, id: Id) -> Step<Option<StoredTask>> {
        task_rows::load(self, id).await
    }

    async fn task_place(&self, id: Id) -> Step<Option<(i64, Option<Id>)>> {
        task_rows::place(self, id).await
    }

    async fn task_height(&self, id: Id) -> Step<u32> {
        task_rows::height(self, id).await
    }

    async fn insert_task(&self, scope_key: i64, task: &Task) -> Step<bool> {
        task_rows::insert(self, scope_key, task).await
    }

    async fn insert_task_version(&self, task: Id, version: &TaskVersion) -> Step<()> {
        task_rows::insert_version(self, task, version).await
    }

    async fn set_task_parent(&self, key: i64, parent: Id) -> Step<()> {
        task_rows::set_parent(self, key, parent).await
    }

    async fn tasks_waiting_for(&self, key: i64) -> Step<Vec<i64>> {
        task_rows::waiting_for(self, key).await
    }

    async fn replace_task(&self, old: &StoredTask, new: &Task) -> Step<()> {
        task_rows::replace(self, old, new).await
    }

    async fn remove_task(&self, key: i64) -> Step<()> {
        task_rows::remove(self, key).await
    }

    async fn blockers_of(&self, tasks: &[Id]) -> Step<Vec<(Id, Id)>> {
        task_rows::blockers_of(self, tasks).await
    }

    async fn insert_task_blocker(&self, task: i64, blocker: i64) -> Step<()> {
        task_rows::insert_blocker(self, task, blocker).await
    }

    async fn remove_task_blocker(&self, task: i64, blocker: Id) -> Step<()> {
        task_rows::remove_blocker(self, task, blocker).await
    }

    async fn permission_like(&self, like: &Permission) -> Step<Option<Permission>> {
        permission_rows::find_like(self, like).await
    }

    async fn permission(&self, id: Id) -> Step<Option<Permission>> {
        permission_rows::by_id(self, id).await
    }

    async fn count_permissions(&self) -> Step<u64> {
        permission_rows::count(self).await
    }

    async fn put_permission(&self, scope_key: i64, permission: &Permission) -> Step<()> {
        permission_rows::put(self, scope_key, permission).await
    }

    async fn remove_permission(&self, id: Id) -> Step<()> {
        permission_rows::remove(self, id).await
    }

    async fn record(&self, lines: Vec<AuditEntry>) -> Step<()> {
        lock(&self.later).audit.extend(lines);
        Ok(())
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
