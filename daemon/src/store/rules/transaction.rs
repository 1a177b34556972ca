//! What the rules of writing need of a backend: rows, read for a change and changed, within one
//! transaction. The rules stand once, in this folder, for every backend.

use std::future::Future;

use agent_memory_proto::{
    model::{
        Agent, AuditEntry, Conflict, Entry, EntryKind, FileLock, Id, Node, Org, Permission, Project,
        Relation, RelationKind, ScopeLevel, ScopeRef, Session, SessionReport, SessionStatus, Tag, Task,
        TaskVersion, Version,
    },
    response::ListedRelation,
};

use super::relations::{NodeKey, StoredNode};

use crate::{
    store::{IdempotencyKey, KnownAgent, LockClaim, Resolution, StoreError, task_rows::StoredTask},
    text::entry::IndexedEntry,
};

/// What every step returns.
pub(in crate::store) type Step<T> = Result<T, StoreError>;

/// An entry as stored, and where.
#[derive(Clone, Debug)]
pub(in crate::store) struct StoredEntry {
    pub(in crate::store) rowid: i64,
    pub(in crate::store) scope_key: i64,
    pub(in crate::store) entry: Entry,
}

/// The answer that is kept under an idempotency key.
#[derive(Debug)]
pub(in crate::store) struct KeptReply {
    pub(in crate::store) fingerprint: u64,
    pub(in crate::store) at_ms: i64,
    /// The encoded response.
    pub(in crate::store) reply: Vec<u8>,
}

/// What is known of the lock of a path.
#[derive(Clone, Debug)]
pub(in crate::store) struct PathLock {
    /// The last lock, held or past its time.
    pub(in crate::store) lock: Option<FileLock>,
    /// The time that it is judged by.
    pub(in crate::store) now_ms: i64,
    /// Of those who wait at any daemon, the first; `None` where nobody does, or there is one daemon only.
    pub(in crate::store) first_ticket: Option<i64>,
}

/// How a session stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct SessionState<'a> {
    /// Its status.
    pub(in crate::store) status: SessionStatus,
    /// When it ended.
    pub(in crate::store) ended_at_ms: Option<i64>,
    /// What it came to; what was said before stays without it.
    pub(in crate::store) summary: Option<&'a str>,
    /// When it was taken up; what it was before stays without it.
    pub(in crate::store) active_at_ms: Option<i64>,
}

/// Agents whose names are proved, within one transaction.
pub(in crate::store) trait AgentRows {
    /// The registered agent of that name.
    fn agent(&self, name: &str) -> impl Future<Output = Step<Option<Agent>>>;
    /// How many agents are registered.
    fn count_agents(&self) -> impl Future<Output = Step<u64>>;
    /// Stores an agent, in the place of one of the same name.
    fn put_agent(&self, known: &KnownAgent) -> impl Future<Output = Step<()>>;
    /// Removes an agent.
    fn remove_agent(&self, name: &str) -> impl Future<Output = Step<()>>;
}

/// Rows within one transaction. Scopes and entries are named by their keys where the rules have
/// them at hand; the key of no organisation or project is [`NO_KEY`].
///
/// What a transaction reads here must still hold when it commits. A backend whose transactions run
/// side by side locks what it reads, or refuses with `Contended`, and the write is run again.
pub(in crate::store) trait WriteTransaction: AgentRows {
    /// Until the end of the transaction nobody else writes organisations, projects or sessions.
    fn lock_scopes(&self) -> impl Future<Output = Step<()>>;

    /// The key of a scope; `None` when it does not exist.
    fn scope_key(&self, scope: &ScopeRef) -> impl Future<Output = Step<Option<i64>>>;
    /// Adds a scope and returns its key; `None` when the id is taken.
    fn insert_scope(&self, level: ScopeLevel, id: Id, parent: i64)
    -> impl Future<Output = Step<Option<i64>>>;
    /// Moves a scope under another parent.
    fn move_scope(&self, key: i64, parent: i64) -> impl Future<Output = Step<()>>;

    /// The id of the organisation of that name.
    fn org_named(&self, name: &str) -> impl Future<Output = Step<Option<Id>>>;
    /// Stores a new organisation.
    fn insert_org(&self, key: i64, org: &Org) -> impl Future<Output = Step<()>>;

    /// The project of that id.
    fn project(&self, id: Id) -> impl Future<Output = Step<Option<Project>>>;
    /// The project whose directory this is.
    fn project_at(&self, root_path: &str) -> impl Future<Output = Step<Option<Project>>>;
    /// The project of that name in the organisation of that key.
    fn project_named(&self, name: &str, org: i64) -> impl Future<Output = Step<Option<Project>>>;
    /// Stores a new project, whose name and directory are free.
    fn insert_project(&self, key: i64, org: i64, project: &Project) -> impl Future<Output = Step<()>>;
    /// Stores the new state of a project.
    fn update_project(&self, key: i64, org: i64, project: &Project) -> impl Future<Output = Step<()>>;
    /// Removes a project with its sessions and all their entries, and returns the sessions.
    fn remove_project(&self, key: i64) -> impl Future<Output = Step<Vec<ScopeRef>>>;

    /// The session of that id.
    fn session(&self, id: Id) -> impl Future<Output = Step<Option<Session>>>;
    /// The latest active session of the same agent and name in the project of that key.
    fn active_session(&self, like: &Session, project: i64) -> impl Future<Output = Step<Option<Session>>>;
    /// Stores a new session.
    fn insert_session(&self, key: i64, project: i64, session: &Session) -> impl Future<Output = Step<()>>;
    /// Stores how a session stands, and returns what it came to.
    fn set_session_state(
        &self,
        key: i64,
        state: &SessionState<'_>,
    ) -> impl Future<Output = Step<Option<String>>>;
    /// Active sessions in which nothing has happened since `before_ms`, and that hold no lock at `at_ms`: so many
    /// at most, the first to be started first.
    fn abandoned_sessions(
        &self,
        before_ms: i64,
        at_ms: i64,
        limit: u32,
    ) -> impl Future<Output = Step<Vec<SessionReport>>>;

    /// The entries that are stored next, each with the key of its scope. What [`entry`](Self::entry) and
    /// [`entry_named`](Self::entry_named) will be asked for them can be read at once.
    fn expect_entries(&self, next: &[(i64, &Entry)]) -> impl Future<Output = Step<()>>;
    /// The entries of a scope, hidden or not, by id, to be moved: so many at most.
    fn entries_in(&self, scope_key: i64, limit: usize) -> impl Future<Output = Step<Vec<StoredEntry>>>;
    /// Moves an entry to a scope where its name is free.
    fn move_entry(&self, old: &StoredEntry, scope_key: i64) -> impl Future<Output = Step<()>>;

    /// The entry of that kind and id, to be changed.
    fn entry(&self, kind: EntryKind, id: Id) -> impl Future<Output = Step<Option<StoredEntry>>>;
    /// The entry of that name, hidden or not.
    fn entry_named(
        &self,
        scope_key: i64,
        kind: EntryKind,
        name: &str,
    ) -> impl Future<Output = Step<Option<Entry>>>;
    /// Stores a new entry with its tags and words; false when its name or its id is taken.
    fn insert_entry(
        &self,
        scope_key: i64,
        entry: &Entry,
        text: &IndexedEntry,
    ) -> impl Future<Output = Step<bool>>;
    /// Stores a new entry as [`insert_entry`](Self::insert_entry) does, with the versions before its current
    /// one. A backend may wait with what nothing stands in the way of, until something looks at it.
    fn insert_with_history(
        &self,
        scope_key: i64,
        entry: &Entry,
        earlier: &[Version],
        text: &IndexedEntry,
    ) -> impl Future<Output = Step<bool>>;
    /// Keeps the old version and stores the new state of an entry; false when its name is taken.
    fn replace_entry(&self, old: &StoredEntry, new: &Entry) -> impl Future<Output = Step<bool>>;
    /// Removes every row of an entry.
    fn remove_entry(&self, old: &StoredEntry) -> impl Future<Output = Step<()>>;
    /// Records that `new` followed `old` within the conflict window.
    fn insert_conflict(&self, old: &StoredEntry, new: &Entry, at_ms: i64) -> impl Future<Output = Step<()>>;

    /// An entry or project as an end of a relation. It stays until the transaction ends.
    fn node(&self, node: Node) -> impl Future<Output = Step<Option<StoredNode>>>;
    /// Stores a new relation; false when one of its kind is there between the two.
    fn insert_relation(
        &self,
        source: NodeKey,
        target: NodeKey,
        relation: &Relation,
    ) -> impl Future<Output = Step<bool>>;
    /// The relation of that kind between the two.
    fn relation_between(
        &self,
        source: NodeKey,
        target: NodeKey,
        kind: RelationKind,
    ) -> impl Future<Output = Step<Option<Relation>>>;
    /// Removes the relation of that id, and returns it with its ends.
    fn remove_relation(&self, id: Id) -> impl Future<Output = Step<Option<ListedRelation>>>;

    /// How many relations there are.
    fn count_relations(&self) -> impl Future<Output = Step<u64>>;

    /// The tag of that id.
    fn tag(&self, id: Id) -> impl Future<Output = Step<Option<Tag>>>;
    /// The tag of that name.
    fn tag_named(&self, name: &str) -> impl Future<Output = Step<Option<Tag>>>;
    /// Stores a new tag; false when its name is taken.
    fn insert_tag(&self, tag: &Tag) -> impl Future<Output = Step<bool>>;
    /// Stores another category and description of a tag.
    fn update_tag(&self, tag: &Tag) -> impl Future<Output = Step<()>>;

    /// Whether a session is there and has not ended. It does not end before the transaction does.
    fn session_goes_on(&self, id: Id) -> impl Future<Output = Step<Option<bool>>>;
    /// The lock of a path. Until the end of the transaction nobody else locks the path, unlocks it or
    /// renews its lock. `at_ms` is the time by the daemon's clock.
    fn path_lock(&self, path: &str, at_ms: i64) -> impl Future<Output = Step<PathLock>>;
    /// Stores a new lock in the place of any other, under the next token.
    fn grant_lock(&self, claim: &LockClaim, now_ms: i64) -> impl Future<Output = Step<FileLock>>;
    /// Stores a new end, reason and so on of a lock.
    fn renew_lock(&self, lock: &FileLock) -> impl Future<Output = Step<()>>;
    /// Removes the lock of a path.
    fn remove_lock(&self, path: &str) -> impl Future<Output = Step<()>>;
    /// Removes the locks of some sessions.
    fn remove_locks_of_sessions(&self, sessions: &[Id]) -> impl Future<Output = Step<()>>;

    /// The conflict of that id, to be resolved.
    fn conflict(&self, id: Id) -> impl Future<Output = Step<Option<Conflict>>>;
    /// Stores how a conflict was resolved.
    fn resolve_conflict(&self, wish: &Resolution, at_ms: i64) -> impl Future<Output = Step<()>>;
    /// A version of an entry that is no longer current.
    fn version(&self, of: &StoredEntry, number: u32) -> impl Future<Output = Step<Option<Version>>>;

    /// Until the end of the transaction nobody else changes which task is a part of which, or waits for which.
    fn lock_task_graph(&self) -> impl Future<Output = Step<()>>;
    /// The key of the scope above one.
    fn scope_parent(&self, key: i64) -> impl Future<Output = Step<Option<i64>>>;
    /// The task of that id with its blockers, to be changed.
    fn task(&self, id: Id) -> impl Future<Output = Step<Option<StoredTask>>>;
    /// The key of a task's scope, and its parent.
    fn task_place(&self, id: Id) -> impl Future<Output = Step<Option<(i64, Option<Id>)>>>;
    /// How many levels of parts a task has; 0 when it has none.
    fn task_height(&self, id: Id) -> impl Future<Output = Step<u32>>;
    /// Stores a new task and its version; false when its id is taken.
    fn insert_task(&self, scope_key: i64, task: &Task) -> impl Future<Output = Step<bool>>;
    /// Adds a version to those of a task.
    fn insert_task_version(&self, task: Id, version: &TaskVersion) -> impl Future<Output = Step<()>>;
    /// Makes a task a part of another, without a version of its own.
    fn set_task_parent(&self, key: i64, parent: Id) -> impl Future<Output = Step<()>>;
    /// The keys of the tasks that wait for one.
    fn tasks_waiting_for(&self, key: i64) -> impl Future<Output = Step<Vec<i64>>>;
    /// Stores the new state of a task, and its version.
    fn replace_task(&self, old: &StoredTask, new: &Task) -> impl Future<Output = Step<()>>;
    /// Removes every row of a task.
    fn remove_task(&self, key: i64) -> impl Future<Output = Step<()>>;
    /// What some tasks wait for: pairs of a task and its blocker.
    fn blockers_of(&self, tasks: &[Id]) -> impl Future<Output = Step<Vec<(Id, Id)>>>;
    /// A task waits for another.
    fn insert_task_blocker(&self, task: i64, blocker: i64) -> impl Future<Output = Step<()>>;
    /// A task waits for another no more.
    fn remove_task_blocker(&self, task: i64, blocker: Id) -> impl Future<Output = Step<()>>;
    /// What is said of the same agent, scope and kind.
    fn permission_like(&self, like: &Permission) -> impl Future<Output = Step<Option<Permission>>>;
    /// The permission of that id.
    fn permission(&self, id: Id) -> impl Future<Output = Step<Option<Permission>>>;
    /// How many permissions there are.
    fn count_permissions(&self) -> impl Future<Output = Step<u64>>;
    /// Stores a permission of a scope, in the place of one of the same id.
    fn put_permission(&self, scope_key: i64, permission: &Permission) -> impl Future<Output = Step<()>>;
    /// Removes a permission.
    fn remove_permission(&self, id: Id) -> impl Future<Output = Step<()>>;

    /// Writes lines at the end of the audit, in their order.
    fn record(&self, lines: Vec<AuditEntry>) -> impl Future<Output = Step<()>>;

    /// What is kept under a key.
    fn kept_reply(&self, key: &IdempotencyKey) -> impl Future<Output = Step<Option<KeptReply>>>;
    /// Keeps an answer under a key, in the place of any other.
    fn keep_reply(&self, key: &IdempotencyKey, at_ms: i64, reply: &[u8]) -> impl Future<Output = Step<()>>;
}

/// Stands for no organisation and no project.
pub(in crate::store) const NO_KEY: i64 = 0;
/// The key of the global scope.
pub(in crate::store) const GLOBAL_KEY: i64 = 1;
