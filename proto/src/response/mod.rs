//! Responses: one enum, one struct per answer. Append only.

mod agents;
mod audit;
mod backups;
mod cluster;
mod config;
mod conflicts;
mod context;
mod degradation;
mod entries;
mod file_locks;
mod floor;
mod health;
mod hygiene;
mod masking;
mod passed_on;
mod permissions;
mod quickstart;
mod relations;
mod remember;
mod scopes;
mod search;
mod tags;
mod tasks;
mod transfer;
mod written;

pub use agents::{AgentPage, AgentRegistered, Authenticated};
pub use audit::AuditPage;
pub use backups::{BackupFile, BackupList, BackupReport, BackupSchedule, CleanedBackups, RestoredBackup};
pub use cluster::{ClusterDaemon, ClusterStatus, DaemonLoad};
pub use config::{ConfigReport, SettingValue};
pub use conflicts::{ConflictDetails, ConflictPage, ConflictResolved};
pub use context::{Context, ContextEntry, OmittedEntries};
pub use degradation::Degradation;
pub use entries::{EntryPage, History};
pub use file_locks::{CheckedIn, CheckedOut, FileLockPage, FileLockStatus};
pub use floor::Floor;
pub use health::{
    ActorHealth, BreakerHealth, CacheHealth, DaemonHealth, DatabaseHealth, FigureValue, FullHealthReport,
    Health, HealthFigure, HealthReport, HealthSection, HealthStatus, HealthWithRedis, LimitHealth,
    RedisHealth, RedisKind, RedisReport, RequestHealth, SharedCacheHealth,
};
pub use hygiene::{Consolidated, EntryAdded, Forgotten, RememberedInstead, SimilarGroup, TidiedEntry};
pub use masking::{MaskedField, Masking};
pub use passed_on::PassedOn;
pub use permissions::{PermissionChange, PermissionCheck, PermissionPage};
pub use quickstart::Quickstarted;
pub use relations::{
    ListedRelation, RelatedHit, RelatedSearchPage, RelationCreated, RelationEnd, RelationPage,
};
pub use remember::{Remembered, SimilarEntry};
pub use scopes::{OrgPage, ProjectPage, PromotedEntry, SessionPage, SessionPromoted, SessionReportPage};
pub use search::{Hit, SearchPage};
pub use tags::{EntryTagged, ListedTag, TagCreated, TagPage};
pub use tasks::{TaskAction, TaskPage, TaskVersions, TaskWritten};
pub use transfer::{
    ExportedExtras, ExportedPage, ExtraCount, ImportCount, ImportOutcome, ImportRefusal, ImportReport,
    NotCarried,
};
pub use written::{WriteAction, Written};

use crate::{
    codec::{Decode, Encode},
    error::ErrorBody,
    model::{Agent, Entry, Id, Org, Project, Relation, Session, SessionReport, Task},
};

/// Everything the daemon can answer. Append only.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Response {
    /// The request was refused or failed.
    Error(ErrorBody),
    /// As many zero bytes as the echo asked for, or the bytes that are in Redis.
    Echo(Vec<u8>),
    /// How the daemon and its store are.
    Health(Box<Health>),
    /// Every setting.
    Config(ConfigReport),
    /// Done, and there is nothing more to say.
    Done,
    /// One write is durable.
    Written(Written),
    /// A bulk write is durable; one item per item of the request, in its order.
    BulkWritten(Vec<Written>),
    /// One entry.
    Entry(Box<Entry>),
    /// A page of entries.
    Entries(EntryPage),
    /// Versions of an entry.
    History(History),
    /// One organisation.
    Org(Org),
    /// A page of organisations.
    Orgs(OrgPage),
    /// One project.
    Project(Project),
    /// A page of projects.
    Projects(ProjectPage),
    /// One session.
    Session(Session),
    /// A page of sessions.
    Sessions(SessionPage),
    /// A page of hits.
    SearchPage(SearchPage),
    /// The memory of a scope.
    Context(Context),
    /// What became of a remembered text.
    Remembered(Remembered),
    /// A started session and its context.
    Quickstarted(Box<Quickstarted>),
    /// What a bare loop reached.
    Floor(Floor),
    /// How the daemon, its store and Redis are.
    HealthWithRedis(Box<HealthWithRedis>),
    /// A page of an export.
    Exported(Box<ExportedPage>),
    /// An import has begun; its id.
    ImportBegun(Id),
    /// How many entries of an import were handed over so far, those that were refused among them.
    ImportStaged(u64),
    /// What became of an import.
    Imported(ImportReport),
    /// A file is checked out.
    CheckedOut(Box<CheckedOut>),
    /// A lock ended.
    CheckedIn(Box<CheckedIn>),
    /// Who holds a file.
    FileLockStatus(Box<FileLockStatus>),
    /// A page of locks.
    FileLocks(FileLockPage),
    /// The daemons of the store.
    ClusterStatus(Box<ClusterStatus>),
    /// How the daemon, its store, its caches and Redis are.
    HealthReport(Box<HealthReport>),
    /// One task.
    Task(Box<Task>),
    /// A page of tasks.
    Tasks(TaskPage),
    /// Versions of a task.
    TaskHistory(TaskVersions),
    /// A write of a task is durable.
    TaskWritten(Box<TaskWritten>),
    /// A page of conflicts.
    Conflicts(ConflictPage),
    /// A conflict with both versions.
    Conflict(Box<ConflictDetails>),
    /// A conflict is resolved.
    ConflictResolved(Box<ConflictResolved>),
    /// A session, and what it came to.
    SessionReport(Box<SessionReport>),
    /// A page of sessions, and what they came to.
    SessionReports(SessionReportPage),
    /// A backup was made and verified.
    BackupCreated(Box<BackupReport>),
    /// The backups.
    Backups(Box<BackupList>),
    /// A backup is sound.
    BackupVerified(Box<BackupReport>),
    /// A backup took the place of what was stored.
    BackupRestored(Box<RestoredBackup>),
    /// Backups were removed.
    BackupsCleaned(CleanedBackups),
    /// A relation is there.
    RelationCreated(Box<RelationCreated>),
    /// A page of relations.
    Relations(RelationPage),
    /// A relation is gone; as it was.
    RelationDeleted(Box<Relation>),
    /// A page of hits of a search along relations.
    RelatedSearchPage(Box<RelatedSearchPage>),
    /// A tag is there.
    TagCreated(TagCreated),
    /// A page of tags.
    Tags(TagPage),
    /// A tag was attached to an entry, or detached from it.
    EntryTagged(Box<EntryTagged>),
    /// A permission was changed.
    Permission(Box<PermissionChange>),
    /// Whether an agent may do something.
    PermissionCheck(Box<PermissionCheck>),
    /// A page of permissions.
    Permissions(PermissionPage),
    /// Entries of a session are its project's now.
    SessionPromoted(SessionPromoted),
    /// How the daemon and everything that it uses are, with named figures.
    FullHealthReport(Box<FullHealthReport>),
    /// A page of the audit.
    Audit(AuditPage),
    /// A name is proved.
    Authenticated(Authenticated),
    /// An agent was registered.
    AgentRegistered(Box<AgentRegistered>),
    /// An agent is forgotten; as it was.
    AgentRevoked(Agent),
    /// A page of agents.
    Agents(AgentPage),
    /// A page of what is exported beside the entries.
    ExportedExtras(Box<ExportedExtras>),
    /// What became of an import and of what it has beside entries.
    ImportOutcome(Box<ImportOutcome>),
    /// An entry was added, and others made room for it.
    EntryAdded(Box<EntryAdded>),
    /// A text was stored, and entries made room for it.
    RememberedInstead(Box<RememberedInstead>),
    /// What a consolidation found, and did.
    Consolidated(Box<Consolidated>),
    /// What a rule found, and hid.
    Forgotten(Box<Forgotten>),
}

impl Response {
    /// The part of a health report that every daemon makes, if this is one.
    #[must_use]
    pub fn into_health(self) -> Option<Box<Health>> {
        match self {
            Self::Health(health) => Some(health),
            Self::HealthWithRedis(report) => Some(Box::new(report.health)),
            Self::HealthReport(report) => Some(Box::new(report.health)),
            Self::FullHealthReport(full) => Some(Box::new(full.report.health)),
            _ => None,
        }
    }
}
