//! The rows of a write, in the open transaction of a connection.

use agent_memory_proto::{
    model::{
        AuditEntry, Conflict, Entry, EntryKind, FileLock, Id, Node, Org, Permission, Project, Relation,
        RelationKind, ScopeLevel, ScopeRef, Session, SessionReport, Tag, Task, TaskVersion, Version,
    },
    response::ListedRelation,
};
use rusqlite::Connection;

use super::{entry_rows, moving, scope_rows};
use crate::{
    store::{
        IdempotencyKey, LockClaim, Resolution,
        rules::{
            KeptReply, NodeKey, PathLock, SessionState, Step, StoredEntry, StoredNode, WriteTransaction,
            reads_the_same, text_of,
        },
        sqlite::{
            audit, conflicts, file_locks, idempotency, index, permissions,
            reads::{entries, projects, sessions},
            relations, scope_keys, tags, tasks,
        },
        task_rows::StoredTask,
    },
    text::entry::IndexedEntry,
};

pub(super) struct SqliteTransaction<'a> {
    pub(super) connection: &'a Connection,
}

impl WriteTransaction for SqliteTransaction<'_> {
    async fn lock_scopes(&self) -> Step<()> {
        Ok(()) // There is one writer.
    }

    async fn scope_key(&self, scope: &ScopeRef) -> Step<Option<i64>> {
        scope_keys::find(self.connection, scope)
    }

    async fn insert_scope(&self, level: ScopeLevel, id: Id, parent: i64) -> Step<Option<i64>> {
        scope_keys::insert(self.connection, level, id, parent)
    }

    async fn move_scope(&self, key: i64, parent: i64) -> Step<()> {
        scope_keys::set_parent(self.connection, key, parent)
    }

    async fn org_named(&self, name: &str) -> Step<Option<Id>> {
        scope_rows::org_named(self.connection, name)
    }

    async fn insert_org(&self, key: i64, org: &Org) -> Step<()> {
        scope_rows::insert_org(self.connection, key, org)
    }

    async fn project(&self, id: Id) -> Step<Option<Project>> {
        projects::by_id(self.connection, id)
    }

    async fn project_at(&self, root_path: &str) -> Step<Option<Project>> {
        projects::by_root_path(self.connection, root_path)
    }

    async fn project_named(&self, name: &str, org: i64) -> Step<Option<Project>> {
        projects::by_name_in(self.connection, name, org)
    }

    async fn insert_project(&self, key: i64, org: i64, project: &Project) -> Step<()> {
        scope_rows::insert_project(self.connection, key, org, project)
    }

    async fn update_project(&self, key: i64, org: i64, project: &Project) -> Step<()> {
        scope_rows::update_project(self.connection, key, org, project)
    }

    async fn remove_project(&self, key: i64) -> Step<Vec<ScopeRef>> {
        scope_rows::remove_project(self.connection, key)
    }

    async fn session(&self, id: Id) -> Step<Option<Session>> {
        sessions::by_id(self.connection, id)
    }

    async fn active_session(&self, like: &Session, project: i64) -> Step<Option<Session>> {
        scope_rows::active_session(self.connection, like, project)
    }

    async fn insert_session(&self, key: i64, project: i64, session: &Session) -> Step<()> {
        scope_rows::insert_session(self.connection, key, project, session)
    }

    async fn set_session_state(&self, key: i64, state: &SessionState<'_>) -> Step<Option<String>> {
        scope_rows::set_session_state(self.connection, key, state)
    }

    async fn abandoned_sessions(&self, before_ms: i64, at_ms: i64, limit: u32) -> Step<Vec<SessionReport>> {
        scope_rows::abandoned_sessions(self.connection, before_ms, at_ms, limit)
    }

    async fn expect_entries(&self, _: &[(i64, &Entry)]) -> Step<()> {
        Ok(())
    }

    async fn entries_in(&self, scope_key: i64, limit: usize) -> Step<Vec<StoredEntry>> {
        moving::entries_in(self.connection, scope_key, limit)
    }

    async fn move_entry(&self, old: &StoredEntry, scope_key: i64) -> Step<()> {
        moving::move_entry(self.connection, old, scope_key)
    }

    async fn entry(&self, kind: EntryKind, id: Id) -> Step<Option<StoredEntry>> {
        entry_rows::load(self.connection, kind, id)
    }

    async fn entry_named(&self, scope_key: i64, kind: EntryKind, name: &str) -> Step<Option<Entry>> {
        entries::by_name_in(self.connection, kind, name, scope_key, true)
    }

    async fn insert_entry(&self, scope_key: i64, entry: &Entry, text: &IndexedEntry) -> Step<bool> {
        self.insert_with_history(scope_key, entry, &[], text).await
    }

    async fn insert_with_history(
        &self,
        scope_key: i64,
        entry: &Entry,
        earlier: &[Version],
        text: &IndexedEntry,
    ) -> Step<bool> {
        let Some(rowid) = entry_rows::insert(self.connection, scope_key, entry)? else { return Ok(false) };
        entry_rows::add_tags(self.connection, rowid, &entry.tags)?;
        index::insert(self.connection, rowid, text)?;
        for version in earlier {
            entry_rows::insert_version(self.connection, rowid, version)?;
        }
        Ok(true)
    }

    async fn replace_entry(&self, old: &StoredEntry, new: &Entry) -> Step<bool> {
        entry_rows::keep_version(self.connection, old.rowid)?;
        if !entry_rows::update(self.connection, old.rowid, new)? {
            return Ok(false);
        }
        if new.tags != old.entry.tags {
            entry_rows::remove_tags(self.connection, old.rowid, &old.entry.tags)?;
            entry_rows::add_tags(self.connection, old.rowid, &new.tags)?;
        }
        if !reads_the_same(&old.entry, new) {
            index::remove(self.connection, old.rowid)?;
            index::insert(self.connection, old.rowid, &text_of(new))?;
        }
        Ok(true)
    }

    async fn remove_entry(&self, old: &StoredEntry) -> Step<()> {
        entry_rows::remove_tags(self.connection, old.rowid, &old.entry.tags)?;
        index::remove(self.connection, old.rowid)?;
        entry_rows::remove(self.connection, old.rowid)
    }

    async fn insert_conflict(&self, old: &StoredEntry, new: &Entry, at_ms: i64) -> Step<()> {
        entry_rows::insert_conflict(self.connection, old, new, at_ms)
    }

    async fn node(&self, node: Node) -> Step<Option<StoredNode>> {
        relations::node(self.connection, node)
    }

    async fn insert_relation(&self, source: NodeKey, target: NodeKey, relation: &Relation) -> Step<bool> {
        relations::insert(self.connection, source, target, relation)
    }

    async fn relation_between(
        &self,
        source: NodeKey,
        target: NodeKey,
        kind: RelationKind,
    ) -> Step<Option<Relation>> {
        relations::between(self.connection, source, target, kind)
    }

    async fn remove_relation(&self, id: Id) -> Step<Option<ListedRelation>> {
        relations::remove(self.connection, id)
    }

    async fn count_relations(&self) -> Step<u64> {
        relations::count(self.connection)
    }

    async fn tag(&self, id: Id) -> Step<Option<Tag>> {
        tags::by_id(self.connection, id)
    }

    async fn tag_named(&self, name: &str) -> Step<Option<Tag>> {
        tags::by_name(self.connection, name)
    }

    async fn insert_tag(&self, tag: &Tag) -> Step<bool> {
        tags::insert(self.connection, tag)
    }

    async fn update_tag(&self, tag: &Tag) -> Step<()> {
        tags::update(self.connection, tag)
    }

    async fn session_goes_on(&self, id: Id) -> Step<Option<bool>> {
        let found = sessions::by_id(self.connection, id)?;
        Ok(found.map(|session| session.ended_at_ms.is_none()))
    }

    async fn path_lock(&self, path: &str, at_ms: i64) -> Step<PathLock> {
        Ok(PathLock { lock: file_locks::find(self.connection, path)?, now_ms: at_ms, first_ticket: None })
    }

    async fn grant_lock(&self, claim: &LockClaim, now_ms: i64) -> Step<FileLock> {
        file_locks::grant(self.connection, claim, now_ms)
    }

    async fn renew_lock(&self, lock: &FileLock) -> Step<()> {
        file_locks::put(self.connection, lock)
    }

    async fn remove_lock(&self, path: &str) -> Step<()> {
        file_locks::remove(self.connection, path)
    }

    async fn remove_locks_of_sessions(&self, sessions: &[Id]) -> Step<()> {
        file_locks::remove_of_sessions(self.connection, sessions)
    }

    async fn conflict(&self, id: Id) -> Step<Option<Conflict>> {
        conflicts::find(self.connection, id)
    }

    async fn resolve_conflict(&self, wish: &Resolution, at_ms: i64) -> Step<()> {
        conflicts::resolve(self.connection, wish, at_ms)
    }

    async fn version(&self, of: &StoredEntry, number: u32) -> Step<Option<Version>> {
        entries::version(self.connection, of, number)
    }

    async fn lock_task_graph(&self) -> Step<()> {
        Ok(()) // There is one writer.
    }

    async fn scope_parent(&self, key: i64) -> Step<Option<i64>> {
        tasks::scope_parent(self.connection, key)
    }

    async fn task(&self, id: Id) -> Step<Option<StoredTask>> {
        tasks::find(self.connection, id)
    }

    async fn task_place(&self, id: Id) -> Step<Option<(i64, Option<Id>)>> {
        tasks::place(self.connection, id)
    }

    async fn task_height(&self, id: Id) -> Step<u32> {
        tasks::height(self.connection, id)
    }

    async fn insert_task(&self, scope_key: i64, task: &Task) -> Step<bool> {
        tasks::insert(self.connection, scope_key, task)
    }

    async fn insert_task_version(&self, task: Id, version: &TaskVersion) -> Step<()> {
        tasks::insert_version(self.connection, task, version)
    }

    async fn set_task_parent(&self, key: i64, parent: Id) -> Step<()> {
        tasks::set_parent(self.connection, key, parent)
    }

    async fn tasks_waiting_for(&self, key: i64) -> Step<Vec<i64>> {
        tasks::waiting_for(self.connection, key)
    }

    async fn replace_task(&self, old: &StoredTask, new: &Task) -> Step<()> {
        tasks::replace(self.connection, old, new)
    }

    async fn remove_task(&self, key: i64) -> Step<()> {
        tasks::remove(self.connection, key)
    }

    async fn blockers_of(&self, tasks: &[Id]) -> Step<Vec<(Id, Id)>> {
        tasks::blockers_of(self.connection, tasks)
    }

    async fn insert_task_blocker(&self, task: i64, blocker: i64) -> Step<()> {
        tasks::insert_blocker(self.connection, task, blocker)
    }

    async fn remove_task_blocker(&self, task: i64, blocker: Id) -> Step<()> {
        tasks::remove_blocker(self.connection, task, blocker)
    }

    async fn permission_like(&self, like: &Permission) -> Step<Option<Permission>> {
        permissions::find_like(self.connection, like)
    }

    async fn permission(&self, id: Id) -> Step<Option<Permission>> {
        permissions::by_id(self.connection, id)
    }

    async fn count_permissions(&self) -> Step<u64> {
        permissions::count(self.connection)
    }

    async fn put_permission(&self, scope_key: i64, permission: &Permission) -> Step<()> {
        permissions::put(self.connection, scope_key, permission)
    }

    async fn remove_permission(&self, id: Id) -> Step<()> {
        permissions::remove(self.connection, id)
    }

    async fn record(&self, lines: Vec<AuditEntry>) -> Step<()> {
        lines.iter().try_for_each(|line| audit::append(self.connection, line))
    }

    async fn kept_reply(&self, key: &IdempotencyKey) -> Step<Option<KeptReply>> {
        idempotency::find(self.connection, key)
    }

    async fn keep_reply(&self, key: &IdempotencyKey, at_ms: i64, reply: &[u8]) -> Step<()> {
        idempotency::keep(self.connection, key, at_ms, reply)
    }
}
