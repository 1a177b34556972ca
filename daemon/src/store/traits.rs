//! One trait per aggregate. Every backend implements all of them, and one contract suite holds
//! them to the same behaviour.

use std::{fmt, future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Instant};

use agent_memory_proto::{
    model::{
        Conflict, Entry, EntryKind, FileLock, Id, Permission, PortableEntry, PortableScope, PortableTask,
        Project, ScopeLevel, ScopeRef, Session, Tag, Task,
    },
    request::{
        GetContext, GetProject, ListConflicts, ListFileLocks, ListOrgs, ListProjects, ListRelations,
        ListSessions, ListTags, ListTasks, MeasureFloor, ReadAudit, RelatedTo, RelationWalk, Search,
        TaskHistory,
    },
    response::{
        AuditPage, BackupFile, ClusterDaemon, ConflictPage, Context, DatabaseHealth, EntryPage, FileLockPage,
        Floor, History, ListedRelation, ListedTag, NotCarried, OrgPage, ProjectPage, RelatedSearchPage,
        RelationPage, SearchPage, SessionReportPage, SimilarEntry, TagPage, TaskPage, TaskVersions,
    },
};

use super::{KnownAgent, StoreError, WriteOutcome, WriteRequest};
use crate::backups::BackupDirectory;

/// What every method of a store returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A list of entries; limits are already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Of which kind.
    pub kind: EntryKind,
    /// In which scopes, narrowest first; `None` for all. With several, an entry whose name is
    /// taken by an active one in a narrower scope of the list is left out.
    pub scopes: Option<Vec<ScopeRef>>,
    /// Whether hidden ones are listed too.
    pub include_inactive: bool,
    /// Only this category.
    pub category: Option<String>,
    /// At most this many.
    pub limit: u32,
    /// Skip this many.
    pub offset: u32,
}

/// A search; limits are already checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchQuery {
    /// The request.
    pub request: Search,
    /// In which scopes, narrowest first; `None` for all.
    pub scopes: Option<Vec<ScopeRef>>,
    /// The time that validity is judged by, unless the request names one.
    pub now_ms: i64,
    /// When to give up.
    pub deadline: Instant,
}

/// A search along relations; limits are already checked.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedQuery {
    /// The search.
    pub search: SearchQuery,
    /// Only hits that are related to this.
    pub related_to: Option<RelatedTo>,
    /// Adds what is related to the hits.
    pub follow: Option<RelationWalk>,
}

/// A context; limits are already checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextQuery {
    /// The request.
    pub request: GetContext,
    /// In which scopes, narrowest first.
    pub scopes: Vec<ScopeRef>,
    /// Tokens at most.
    pub budget_tokens: u32,
    /// The time that validity is judged by.
    pub now_ms: i64,
    /// When to give up.
    pub deadline: Instant,
}

/// Entries that may say the same as a text.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarQuery {
    /// The name of what says it; empty when it has none.
    pub name: String,
    /// The text.
    pub text: String,
    /// Of which kinds; of all when empty.
    pub kinds: Vec<EntryKind>,
    /// In which scopes, narrowest first.
    pub scopes: Vec<ScopeRef>,
    /// What is less alike says something else.
    pub similarity_min: f64,
    /// At most this many.
    pub limit: u32,
    /// When to give up.
    pub deadline: Instant,
}

/// What is exported of the entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportQuery {
    /// Of which kind; `None` for all.
    pub kind: Option<EntryKind>,
    /// In which scope; `None` for all.
    pub scope: Option<ScopeRef>,
    /// Whether hidden ones are exported too.
    pub include_inactive: bool,
    /// Whether earlier versions are.
    pub include_versions: bool,
    /// Only those with a greater id.
    pub after: Option<Id>,
}

/// Entries of an export, by id; as many as fit a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedEntries {
    /// The entries with their versions, oldest first.
    pub entries: Vec<PortableEntry>,
    /// Whether more follow.
    pub has_more: bool,
}

/// What is exported beside the entries: what belongs to which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtrasQuery {
    /// To those of these kinds; of all when empty.
    pub kinds: Vec<EntryKind>,
    /// To those of this scope; of all when `None`.
    pub scope: Option<ScopeRef>,
    /// To those that have one of these tags, if any are given.
    pub tags: Vec<String>,
    /// Whether to hidden ones, too.
    pub include_inactive: bool,
    /// Whether earlier versions are exported.
    pub include_versions: bool,
    /// Only those with a greater id.
    pub after: Option<Id>,
}

impl ExtrasQuery {
    /// Whether it leaves entries out.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.kinds.is_empty() || self.scope.is_some() || !self.tags.is_empty()
    }
}

/// A relation of an export with what decides whether its ends are exported, the source first. Of a project both are
/// true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedRelation {
    /// The relation.
    pub listed: ListedRelation,
    /// Whether the ends are active.
    pub are_active: [bool; 2],
    /// Whether the ends have one of the tags of the query.
    pub are_tagged: [bool; 2],
}

/// Reads entries.
pub trait EntryStore: Send + Sync {
    /// The entry of that id, hidden or not; `None` when there is none of that kind.
    fn get(&self, kind: EntryKind, id: Id) -> StoreFuture<'_, Option<Entry>>;
    /// The entry of that name in the first of the scopes that has one.
    fn find(
        &self,
        kind: EntryKind,
        name: String,
        scopes: Vec<ScopeRef>,
        include_inactive: bool,
    ) -> StoreFuture<'_, Option<Entry>>;
    /// A page: guidelines by priority, then latest change, then id.
    fn list(&self, query: ListQuery) -> StoreFuture<'_, EntryPage>;
    /// The next time after `now_ms` at which some knowledge begins or ceases to be valid: an answer
    /// that was judged by the time is good until then.
    fn next_validity_change(&self, now_ms: i64) -> StoreFuture<'_, Option<i64>>;
    /// Versions, newest first; `None` when there is no such entry.
    fn history(&self, kind: EntryKind, id: Id, limit: u32, offset: u32) -> StoreFuture<'_, Option<History>>;
}

/// Reads organisations, projects and sessions.
pub trait ScopeStore: Send + Sync {
    /// The scope and those above it, narrowest first, global last; `None` when it does not exist.
    fn chain(&self, scope: ScopeRef) -> StoreFuture<'_, Option<Vec<ScopeRef>>>;
    /// A page of organisations by name.
    fn orgs(&self, request: ListOrgs) -> StoreFuture<'_, OrgPage>;
    /// The project that the request names; refused with `Conflict` when a name fits several.
    fn project(&self, request: GetProject) -> StoreFuture<'_, Option<Project>>;
    /// A page of projects by name.
    fn projects(&self, request: ListProjects) -> StoreFuture<'_, ProjectPage>;
    /// The session of that id.
    fn session(&self, id: Id) -> StoreFuture<'_, Option<Session>>;
    /// A page of sessions, latest start first.
    fn sessions(&self, request: ListSessions) -> StoreFuture<'_, SessionReportPage>;
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldLock {
    /// The lock.
    pub lock: FileLock,
    /// How long it still lasts, by the clock of the store.
    pub left_ms: u64,
}

/// Reads locks of files. What is past its time is not there. `now_ms` is the time by the daemon's clock:
/// a store that several daemons share goes by a clock of its own.
pub trait LockStore: Send + Sync {
    /// The lock of a path, which is normalised.
    fn file_lock(&self, path: String, now_ms: i64) -> StoreFuture<'_, Option<HeldLock>>;
    /// A page of locks by path.
    fn file_locks(&self, request: ListFileLocks, now_ms: i64) -> StoreFuture<'_, FileLockPage>;
    /// A ticket for somebody who waits from now on: whoever comes later, at any daemon, gets a larger one.
    /// `None` where there is one daemon, which knows by itself who came first.
    fn ticket(&self) -> StoreFuture<'_, Option<i64>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// Says that who has a ticket waits for a path, and has to be said again now and then: whoever has a larger
    /// ticket, or none, is refused meanwhile.
    fn stand_in_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        let _ = (path, ticket);
        Box::pin(std::future::ready(Ok(())))
    }
    /// Who has a ticket waits no more. Not needed after a grant.
    fn leave_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        let _ = (path, ticket);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A list of tasks; limits are already checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskQuery {
    /// The request.
    pub request: ListTasks,
    /// In which scopes; `None` for all.
    pub scopes: Option<Vec<ScopeRef>>,
}

/// Reads tasks.
pub trait TaskStore: Send + Sync {
    /// The task of that id, hidden or not.
    fn task(&self, id: Id) -> StoreFuture<'_, Option<Task>>;
    /// A page: the most severe first, then the most urgent, then the oldest.
    fn tasks(&self, query: TaskQuery) -> StoreFuture<'_, TaskPage>;
    /// Versions, newest first; `None` when there is no such task.
    fn task_history(&self, request: TaskHistory) -> StoreFuture<'_, Option<TaskVersions>>;
}

/// Reads conflicts.
pub trait ConflictStore: Send + Sync {
    /// The conflict of that id.
    fn conflict(&self, id: Id) -> StoreFuture<'_, Option<Conflict>>;
    /// A page, latest first.
    fn conflicts(&self, request: ListConflicts) -> StoreFuture<'_, ConflictPage>;
}

/// Reads relations.
pub trait RelationStore: Send + Sync {
    /// A page of relations by id.
    ///
    /// # Errors
    /// `Refused`, naming the field, when an end that the request names does not exist.
    fn relations(&self, request: ListRelations) -> StoreFuture<'_, RelationPage>;
}

/// Reads tags.
pub trait TagStore: Send + Sync {
    /// A page of tags by name: those that were created, and those that entries carry.
    fn tags(&self, request: ListTags) -> StoreFuture<'_, TagPage>;
    /// What is known of the tags of these names, in their order.
    fn tags_named(&self, names: Vec<String>) -> StoreFuture<'_, Vec<ListedTag>>;
}

/// Permissions that a store takes; every daemon holds all of them in memory.
pub const PERMISSIONS_MAX: u32 = 10_000;

/// Agents that a store takes; every daemon holds all of them in memory.
pub const AGENTS_MAX: u32 = 10_000;

/// Reads what agents may do, and who they are.
pub trait PermissionStore: Send + Sync {
    /// All of it, by id.
    fn permissions(&self) -> StoreFuture<'_, Vec<Permission>>;
    /// The agents that were registered, by name.
    fn agents(&self) -> StoreFuture<'_, Vec<KnownAgent>>;
}

/// Reads the audit.
pub trait AuditStore: Send + Sync {
    /// A page, the latest first.
    fn audit(&self, request: ReadAudit) -> StoreFuture<'_, AuditPage>;
}

/// Finds entries by words.
pub trait SearchStore: Send + Sync {
    /// A page of hits, best first.
    fn search(&self, query: SearchQuery) -> StoreFuture<'_, SearchPage>;
    /// A page of hits along relations, best first, and what is related to them.
    ///
    /// # Errors
    /// `Refused`, naming `relatedTo.id`, when there is nothing of that id.
    fn search_related(&self, query: RelatedQuery) -> StoreFuture<'_, RelatedSearchPage>;
    /// The memory of the scopes under the budget.
    fn context(&self, query: ContextQuery) -> StoreFuture<'_, Context>;
    /// Active entries that share most terms with the text, best first.
    fn similar(&self, query: SimilarQuery) -> StoreFuture<'_, Vec<SimilarEntry>>;
}

/// Reads everything, to be carried elsewhere.
pub trait TransferStore: Send + Sync {
    /// How many entries the query has, whatever it comes after, and when the latest of them changed.
    fn export_totals(&self, query: ExportQuery) -> StoreFuture<'_, (u64, Option<i64>)>;
    /// Scopes of a level by id, or the only one of that id.
    fn export_scopes(
        &self,
        level: ScopeLevel,
        only: Option<Id>,
        after: Option<Id>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PortableScope>>;
    /// The next entries by id. Each is of one state of the store.
    fn export_entries(&self, query: ExportQuery) -> StoreFuture<'_, ExportedEntries>;
    /// The next tags by id that are known, so many at most: all of them, or of a narrowed query those that its
    /// entries carry.
    fn export_tags(&self, query: ExtrasQuery, limit: u32) -> StoreFuture<'_, Vec<Tag>>;
    /// The next tasks by id with their versions, as many as fit a frame, and whether more follow: those of the scope,
    /// of any tag. Each is of one state of the store.
    fn export_tasks(&self, query: ExtrasQuery) -> StoreFuture<'_, (Vec<PortableTask>, bool)>;
    /// The next relations by id, so many at most, wherever they lead.
    fn export_relations(
        &self,
        after: Option<Id>,
        tags: Vec<String>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<ExportedRelation>>;
    /// How much there is of what no export carries.
    fn not_carried(&self) -> StoreFuture<'_, NotCarried>;
}

/// Writes. An `Ok` is durable.
pub trait WriteStore: Send + Sync {
    /// Applies one write, all or nothing.
    fn write(&self, request: WriteRequest) -> StoreFuture<'_, WriteOutcome>;
}

/// Tells how the store is.
pub trait HealthStore: Send + Sync {
    /// Writes and reads a canary and measures the store. Failures are reported in the result.
    fn probe(&self) -> StoreFuture<'_, (DatabaseHealth, Vec<String>)>;

    /// How often a write was run again since other writers got in its way; `None` where writes go one after
    /// the other.
    fn repeated_writes(&self) -> Option<u64>;
}

/// Knows the daemons that share the store.
pub trait MemberStore: Send + Sync {
    /// Those that said that they are there, by host and data directory, and whether there are more; those that
    /// fell silent not long ago among them. None in a store that belongs to one daemon.
    fn members(&self) -> StoreFuture<'_, (Vec<ClusterDaemon>, bool)>;
}

/// Runs bare loops for the benchmark.
pub trait FloorStore: Send + Sync {
    /// Runs the loop on a copy of the store and removes the copy.
    fn measure_floor(&self, request: MeasureFloor, now_ms: i64) -> StoreFuture<'_, Floor>;
}

/// What a backup took the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAside {
    /// It, as a backup.
    pub backup: BackupFile,
    /// Why it fails its check, if it does.
    pub damage: Option<String>,
}

/// How the scheduled backups of a store go that several daemons share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScheduledBackup {
    /// When the last good one was made.
    pub last_good_at_ms: Option<i64>,
    /// When and why the last one failed.
    pub failure: Option<(i64, String)>,
}

/// Is copied while it is used, and replaced.
pub trait BackupStore: Send + Sync {
    /// Copies everything, as of one moment, into a new SQLite store in an empty directory. Writers do not wait.
    fn copy_out(&self, directory: PathBuf) -> StoreFuture<'_, ()>;
    /// Keeps everything as a backup in `aside`, then puts the SQLite store of the directory `staged`, which has the schema of this
    /// build, in its place: all or nothing. Writes wait meanwhile. Locks of files stay as they are.
    fn restore(&self, staged: PathBuf, aside: BackupDirectory, now_ms: i64) -> StoreFuture<'_, KeptAside>;
    /// Whether the backup that was due at that time is this daemon's to make. A store that belongs to one daemon
    /// leaves all to it.
    fn claim_scheduled(&self, due_at_ms: i64, daemon: Id) -> StoreFuture<'_, bool> {
        let _ = (due_at_ms, daemon);
        Box::pin(std::future::ready(Ok(true)))
    }
    /// Tells the other daemons how the backup went that this one had claimed.
    fn settle_scheduled(
        &self,
        due_at_ms: i64,
        daemon: Id,
        at_ms: i64,
        outcome: Result<(), String>,
    ) -> StoreFuture<'_, ()> {
        let _ = (due_at_ms, daemon, at_ms, outcome);
        Box::pin(std::future::ready(Ok(())))
    }
    /// How the scheduled backups go; `None` in a store that belongs to one daemon.
    fn scheduled(&self) -> StoreFuture<'_, Option<ScheduledBackup>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A store: every aggregate behind one handle, cheap to clone.
#[derive(Clone)]
pub struct Store {
    /// Entries.
    pub entries: Arc<dyn EntryStore>,
    /// Organisations, projects, sessions.
    pub scopes: Arc<dyn ScopeStore>,
    /// Locks of files.
    pub locks: Arc<dyn LockStore>,
    /// Tasks.
    pub tasks: Arc<dyn TaskStore>,
    /// Conflicts.
    pub conflicts: Arc<dyn ConflictStore>,
    /// Relations.
    pub relations: Arc<dyn RelationStore>,
    /// Tags.
    pub tags: Arc<dyn TagStore>,
    /// What agents may do.
    pub permissions: Arc<dyn PermissionStore>,
    /// What was done.
    pub audit: Arc<dyn AuditStore>,
    /// Words.
    pub search: Arc<dyn SearchStore>,
    /// Exports.
    pub transfer: Arc<dyn TransferStore>,
    /// Writes.
    pub writes: Arc<dyn WriteStore>,
    /// Daemons.
    pub members: Arc<dyn MemberStore>,
    /// Health.
    pub health: Arc<dyn HealthStore>,
    /// Backups.
    pub backups: Arc<dyn BackupStore>,
    /// Floors.
    pub floors: Arc<dyn FloorStore>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}
