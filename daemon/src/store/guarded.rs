//! A store behind a circuit breaker: every call passes the gate of the service, which refuses it at
//! once while the service is left alone. What the store does is none of its business.

use std::{path::PathBuf, sync::Arc};

use agent_memory_proto::{
    model::{
        Conflict, Entry, EntryKind, Id, Permission, PortableScope, PortableTask, Project, ScopeLevel,
        ScopeRef, Session, Tag, Task,
    },
    request::{
        GetProject, ListConflicts, ListFileLocks, ListOrgs, ListProjects, ListRelations, ListSessions,
        ListTags, MeasureFloor, ReadAudit, TaskHistory,
    },
    response::{
        AuditPage, ClusterDaemon, ConflictPage, Context, DatabaseHealth, EntryPage, FileLockPage, Floor,
        History, ListedTag, NotCarried, OrgPage, ProjectPage, RelatedSearchPage, RelationPage, SearchPage,
        SessionReportPage, SimilarEntry, TagPage, TaskPage, TaskVersions,
    },
};

use super::{
    AuditStore, BackupStore, ConflictStore, ContextQuery, EntryStore, ExportQuery, ExportedEntries,
    ExportedRelation, ExtrasQuery, FloorStore, HealthStore, HeldLock, KeptAside, KnownAgent, ListQuery,
    LockStore, MemberStore, PermissionStore, RelatedQuery, RelationStore, ScheduledBackup, ScopeStore,
    SearchQuery, SearchStore, SimilarQuery, Store, StoreError, StoreFuture, TagStore, TaskQuery, TaskStore,
    TransferStore, WriteOutcome, WriteRequest, WriteStore,
};
use crate::{backups::BackupDirectory, breaker::Gate};

/// Whether the service may be asked at all, for a reason that the store knows by itself.
pub type Ready = Arc<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

/// The store behind the gate.
struct GuardedStore {
    inner: Store,
    gate: Gate,
    ready: Ready,
}

/// Puts a gate before a store. What is not ready is refused with its own cause, and that is no
/// failure of the service.
#[must_use]
pub fn guarded(inner: Store, gate: Gate, ready: Ready) -> Store {
    let shared = Arc::new(GuardedStore { inner, gate, ready });
    Store {
        entries: Arc::clone(&shared) as _,
        scopes: Arc::clone(&shared) as _,
        locks: Arc::clone(&shared) as _,
        tasks: Arc::clone(&shared) as _,
        conflicts: Arc::clone(&shared) as _,
        relations: Arc::clone(&shared) as _,
        tags: Arc::clone(&shared) as _,
        permissions: Arc::clone(&shared) as _,
        audit: Arc::clone(&shared) as _,
        search: Arc::clone(&shared) as _,
        transfer: Arc::clone(&shared) as _,
        writes: Arc::clone(&shared) as _,
        members: Arc::clone(&shared) as _,
        health: Arc::clone(&shared) as _,
        backups: Arc::clone(&shared) as _,
        floors: shared,
    }
}

impl GuardedStore {
    fn pass<'a, T: Send + 'a>(&'a self, read: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        Box::pin(async move {
            (self.ready)()?;
            self.gate.guard_read(read).await
        })
    }
}

impl EntryStore for GuardedStore {
    fn get(&self, kind: EntryKind, id: Id) -> StoreFuture<'_, Option<Entry>> {
        self.pass(self.inner.entries.get(kind, id))
    }

    fn find(
        &self,
        kind: EntryKind,
        name: String,
        scopes: Vec<ScopeRef>,
        include_inactive: bool,
    ) -> StoreFuture<'_, Option<Entry>> {
        self.pass(self.inner.entries.find(kind, name, scopes, include_inactive))
    }

    fn list(&self, query: ListQuery) -> StoreFuture<'_, EntryPage> {
        self.pass(self.inner.entries.list(query))
    }

    fn next_validity_change(&self, now_ms: i64) -> StoreFuture<'_, Option<i64>> {
        self.pass(self.inner.entries.next_validity_change(now_ms))
    }

    fn history(&self, kind: EntryKind, id: Id, limit: u32, offset: u32) -> StoreFuture<'_, Option<History>> {
        self.pass(self.inner.entries.history(kind, id, limit, offset))
    }
}

impl ScopeStore for GuardedStore {
    fn chain(&self, scope: ScopeRef) -> StoreFuture<'_, Option<Vec<ScopeRef>>> {
        self.pass(self.inner.scopes.chain(scope))
    }

    fn orgs(&self, request: ListOrgs) -> StoreFuture<'_, OrgPage> {
        self.pass(self.inner.scopes.orgs(request))
    }

    fn project(&self, request: GetProject) -> StoreFuture<'_, Option<Project>> {
        self.pass(self.inner.scopes.project(request))
    }

    fn projects(&self, request: ListProjects) -> StoreFuture<'_, ProjectPage> {
        self.pass(self.inner.scopes.projects(request))
    }

    fn session(&self, id: Id) -> StoreFuture<'_, Option<Session>> {
        self.pass(self.inner.scopes.session(id))
    }

    fn sessions(&self, request: ListSessions) -> StoreFuture<'_, SessionReportPage> {
        self.pass(self.inner.scopes.sessions(request))
    }
}

impl BackupStore for GuardedStore {
    fn copy_out(&self, directory: PathBuf) -> StoreFuture<'_, ()> {
        self.pass(self.inner.backups.copy_out(directory))
    }

    fn restore(&self, staged: PathBuf, aside: BackupDirectory, now_ms: i64) -> StoreFuture<'_, KeptAside> {
        self.pass(self.inner.backups.restore(staged, aside, now_ms))
    }

    fn claim_scheduled(&self, due_at_ms: i64, daemon: Id) -> StoreFuture<'_, bool> {
        self.pass(self.inner.backups.claim_scheduled(due_at_ms, daemon))
    }

    fn settle_scheduled(
        &self,
        due_at_ms: i64,
        daemon: Id,
        at_ms: i64,
        outcome: Result<(), String>,
    ) -> StoreFuture<'_, ()> {
        self.pass(self.inner.backups.settle_scheduled(due_at_ms, daemon, at_ms, outcome))
    }

    fn scheduled(&self) -> StoreFuture<'_, Option<ScheduledBackup>> {
        self.pass(self.inner.backups.scheduled())
    }
}

impl LockStore for GuardedStore {
    fn file_lock(&self, path: String, now_ms: i64) -> StoreFuture<'_, Option<HeldLock>> {
        self.pass(self.inner.locks.file_lock(path, now_ms))
    }

    fn file_locks(&self, request: ListFileLocks, now_ms: i64) -> StoreFuture<'_, FileLockPage> {
        self.pass(self.inner.locks.file_locks(request, now_ms))
    }

    fn ticket(&self) -> StoreFuture<'_, Option<i64>> {
        self.pass(self.inner.locks.ticket())
    }

    fn stand_in_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        self.pass(self.inner.locks.stand_in_line(path, ticket))
    }

    fn leave_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        self.pass(self.inner.locks.leave_line(path, ticket))
    }
}

impl TaskStore for GuardedStore {
    fn task(&self, id: Id) -> StoreFuture<'_, Option<Task>> {
        self.pass(self.inner.tasks.task(id))
    }

    fn tasks(&self, query: TaskQuery) -> StoreFuture<'_, TaskPage> {
        self.pass(self.inner.tasks.tasks(query))
    }

    fn task_history(&self, request: TaskHistory) -> StoreFuture<'_, Option<TaskVersions>> {
        self.pass(self.inner.tasks.task_history(request))
    }
}

impl ConflictStore for GuardedStore {
    fn conflict(&self, id: Id) -> StoreFuture<'_, Option<Conflict>> {
        self.pass(self.inner.conflicts.conflict(id))
    }

    fn conflicts(&self, request: ListConflicts) -> StoreFuture<'_, ConflictPage> {
        self.pass(self.inner.conflicts.conflicts(request))
    }
}

impl RelationStore for GuardedStore {
    fn relations(&self, request: ListRelations) -> StoreFuture<'_, RelationPage> {
        self.pass(self.inner.relations.relations(request))
    }
}

impl TagStore for GuardedStore {
    fn tags(&self, request: ListTags) -> StoreFuture<'_, TagPage> {
        self.pass(self.inner.tags.tags(request))
    }

    fn tags_named(&self, names: Vec<String>) -> StoreFuture<'_, Vec<ListedTag>> {
        self.pass(self.inner.tags.tags_named(names))
    }
}

impl PermissionStore for GuardedStore {
    fn permissions(&self) -> StoreFuture<'_, Vec<Permission>> {
        self.pass(self.inner.permissions.permissions())
    }

    fn agents(&self) -> StoreFuture<'_, Vec<KnownAgent>> {
        self.pass(self.inner.permissions.agents())
    }
}

impl SearchStore for GuardedStore {
    fn search(&self, query: SearchQuery) -> StoreFuture<'_, SearchPage> {
        self.pass(self.inner.search.search(query))
    }

    fn search_related(&self, query: RelatedQuery) -> StoreFuture<'_, RelatedSearchPage> {
        self.pass(self.inner.search.search_related(query))
    }

    fn context(&self, query: ContextQuery) -> StoreFuture<'_, Context> {
        self.pass(self.inner.search.context(query))
    }

    fn similar(&self, query: SimilarQuery) -> StoreFuture<'_, Vec<SimilarEntry>> {
        self.pass(self.inner.search.similar(query))
    }
}

impl TransferStore for GuardedStore {
    fn export_totals(&self, query: ExportQuery) -> StoreFuture<'_, (u64, Option<i64>)> {
        self.pass(self.inner.transfer.export_totals(query))
    }

    fn export_scopes(
        &self,
        level: ScopeLevel,
        only: Option<Id>,
        after: Option<Id>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PortableScope>> {
        self.pass(self.inner.transfer.export_scopes(level, only, after, limit))
    }

    fn export_entries(&self, query: ExportQuery) -> StoreFuture<'_, ExportedEntries> {
        self.pass(self.inner.transfer.export_entries(query))
    }

    fn export_tags(&self, query: ExtrasQuery, limit: u32) -> StoreFuture<'_, Vec<Tag>> {
        self.pass(self.inner.transfer.export_tags(query, limit))
    }

    fn export_tasks(&self, query: ExtrasQuery) -> StoreFuture<'_, (Vec<PortableTask>, bool)> {
        self.pass(self.inner.transfer.export_tasks(query))
    }

    fn export_relations(
        &self,
        after: Option<Id>,
        tags: Vec<String>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<ExportedRelation>> {
        self.pass(self.inner.transfer.export_relations(after, tags, limit))
    }

    fn not_carried(&self) -> StoreFuture<'_, NotCarried> {
        self.pass(self.inner.transfer.not_carried())
    }
}

impl AuditStore for GuardedStore {
    fn audit(&self, request: ReadAudit) -> StoreFuture<'_, AuditPage> {
        self.pass(self.inner.audit.audit(request))
    }
}

impl WriteStore for GuardedStore {
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome> {
        // Once begun, it is not given up: its outcome would be unknown.
        Box::pin(async move {
            (self.ready)()?;
            self.gate.guard(self.inner.writes.write(request)).await
        })
    }
}

impl MemberStore for GuardedStore {
    fn members(&self) -> StoreFuture<'_, (Vec<ClusterDaemon>, bool)> {
        self.pass(self.inner.members.members())
    }
}

impl HealthStore for GuardedStore {
    /// Health is asked for when something is wrong: it looks past the breaker, and what it finds is
    /// not counted.
    fn probe(&self) -> StoreFuture<'_, (DatabaseHealth, Vec<String>)> {
        self.inner.health.probe()
    }

    fn repeated_writes(&self) -> Option<u64> {
        self.inner.health.repeated_writes()
    }
}

impl FloorStore for GuardedStore {
    /// A measurement is of the bare store.
    fn measure_floor(&self, request: MeasureFloor, now_ms: i64) -> StoreFuture<'_, Floor> {
        self.inner.floors.measure_floor(request, now_ms)
    }
}
