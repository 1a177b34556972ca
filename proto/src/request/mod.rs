//! Requests: one enum, one struct per request, each in a file named after it. Append only.

mod add_entry;
mod agents;
mod audit;
mod backups;
mod bulk;
mod conflicts;
mod context;
mod echo;
mod entry_target;
mod file_locks;
mod hand_over;
mod hygiene;
mod list_entries;
mod measure_floor;
mod orgs;
mod permissions;
mod projects;
mod quickstart;
mod relations;
mod remember;
mod search;
mod sessions;
mod tags;
mod tasks;
mod transfer;
mod update_entry;

pub use add_entry::{AddEntry, EntryDraft};
pub use agents::{Authenticate, ListAgents, RegisterAgent, RevokeAgent};
pub use audit::ReadAudit;
pub use backups::{CleanupBackups, CreateBackup, RestoreBackup, VerifyBackup};
pub use bulk::{BulkAddEntries, BulkDeleteEntries, BulkUpdateEntries};
pub use conflicts::{ConflictPick, GetConflict, ListConflicts, ResolveConflict};
pub use context::GetContext;
pub use echo::{Echo, EchoStored};
pub use entry_target::{DeactivateEntry, DeleteEntry, EntryHistory, EntrySelector, GetEntry};
pub use file_locks::{CheckinFile, CheckoutFile, ForceUnlockFile, GetFileLock, ListFileLocks};
pub use hand_over::HandOver;
pub use hygiene::{AddEntryInstead, Consolidate, ConsolidateAction, Forget, ForgetStrategy, RememberInstead};
pub use list_entries::ListEntries;
pub use measure_floor::{FloorOperation, MeasureFloor};
pub use orgs::{CreateOrg, ListOrgs};
pub use permissions::{
    CheckPermission, GrantPermission, ListPermissions, PermissionTarget, RevokePermission,
};
pub use projects::{CreateProject, DeleteProject, GetProject, ListProjects, UpdateProject};
pub use quickstart::Quickstart;
pub use relations::{
    CreateRelation, DeleteRelation, Direction, ListRelations, RelatedTo, RelationWalk, SearchRelated,
};
pub use remember::Remember;
pub use search::{Search, TagFilter};
pub use sessions::{EndSession, FinishSession, ListSessions, PromoteSession, PromoteStrategy, StartSession};
pub use tags::{CreateTag, EntryTag, ListTags, TagSelector, TagsOfEntry};
pub use tasks::{
    AddTask, AddTaskBlocker, ClaimTask, DeactivateTask, DeleteTask, GetTask, ListTasks, RemoveTaskBlocker,
    TaskHistory, TaskPatch, UpdateTask,
};
pub use transfer::{
    BeginImport, ConflictStrategy, EndImport, ExportExtras, ExportPage, FinishImport, ImportExtra,
    ImportItem, ImportOptions, ScopeMapping, StageExtras, StageImport,
};
pub use update_entry::{EntryPatch, UpdateEntry};

use crate::{
    codec::{Decode, Encode},
    limits,
    model::Id,
};

/// What goes before every request in its frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Envelope {
    /// How long the caller waits, in milliseconds from the daemon's receipt; 0 means the daemon's
    /// default of 30 s. A request that is not under way by then is refused, not applied.
    pub deadline_ms: u32,
    /// For writes: the same key is applied once and answered the same, for 24 hours.
    pub idempotency_key: Option<Id>,
    /// Which agent asks. Identity is an argument, not a property of the connection; without it
    /// the agent id of the handshake is taken.
    pub agent_id: Option<String>,
    /// In which session.
    pub session_id: Option<Id>,
}

/// Everything a client can ask for. Append only.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Request {
    /// Answers with as many bytes as asked for, and touches nothing.
    Echo(Echo),
    /// Reports how the daemon and its store are, after a real write and read.
    Health,
    /// Reports every setting, its value and where it came from.
    Config,
    /// Subscribes this connection to events.
    Subscribe,
    /// Asks an idle daemon to exit so that a newer build can take over.
    HandOver(HandOver),
    /// Asks the daemon to stop as if it got SIGTERM.
    Stop,
    /// Adds an entry.
    AddEntry(AddEntry),
    /// Writes a new version of an entry.
    UpdateEntry(UpdateEntry),
    /// Reads an entry by id, or by name in a scope.
    GetEntry(GetEntry),
    /// Lists the entries of a scope.
    ListEntries(ListEntries),
    /// Lists the versions of an entry.
    EntryHistory(EntryHistory),
    /// Hides an entry.
    DeactivateEntry(DeactivateEntry),
    /// Removes an entry for good.
    DeleteEntry(DeleteEntry),
    /// Adds up to 100 entries, all or none.
    BulkAddEntries(BulkAddEntries),
    /// Updates up to 100 entries, all or none.
    BulkUpdateEntries(BulkUpdateEntries),
    /// Removes up to 100 entries, all or none.
    BulkDeleteEntries(BulkDeleteEntries),
    /// Creates an organisation.
    CreateOrg(CreateOrg),
    /// Lists organisations.
    ListOrgs(ListOrgs),
    /// Creates a project.
    CreateProject(CreateProject),
    /// Changes a project.
    UpdateProject(UpdateProject),
    /// Reads a project by id, root path or name.
    GetProject(GetProject),
    /// Lists projects.
    ListProjects(ListProjects),
    /// Removes a project with its sessions and entries.
    DeleteProject(DeleteProject),
    /// Starts a session.
    StartSession(StartSession),
    /// Ends a session.
    EndSession(EndSession),
    /// Lists sessions.
    ListSessions(ListSessions),
    /// Full-text search.
    Search(Search),
    /// The memory of a scope under a token budget.
    GetContext(GetContext),
    /// Stores plain text as the kind of entry it looks like.
    Remember(Remember),
    /// Binds or creates the project of a directory, starts a session, and returns its context.
    Quickstart(Quickstart),
    /// Runs a bare loop of the daemon's own SQL, as the floor of a benchmark.
    MeasureFloor(MeasureFloor),
    /// Reads what is to be exported, page by page.
    ExportPage(ExportPage),
    /// Begins an import.
    BeginImport(BeginImport),
    /// Hands over a part of what is to be imported.
    StageImport(StageImport),
    /// Stores what was handed over, all or nothing.
    FinishImport(FinishImport),
    /// Locks a file.
    CheckoutFile(CheckoutFile),
    /// Ends the caller's lock of a file.
    CheckinFile(CheckinFile),
    /// Asks who holds a file.
    GetFileLock(GetFileLock),
    /// Lists the locks that are held.
    ListFileLocks(ListFileLocks),
    /// Ends a lock, whoever holds it.
    ForceUnlockFile(ForceUnlockFile),
    /// Lists the daemons of the store.
    ClusterStatus,
    /// Answers with bytes that are in Redis, as the floor of a benchmark.
    EchoStored(EchoStored),
    /// Adds a task.
    AddTask(Box<AddTask>),
    /// Writes a new version of a task.
    UpdateTask(Box<UpdateTask>),
    /// Reads a task.
    GetTask(GetTask),
    /// Lists tasks.
    ListTasks(ListTasks),
    /// Lists the versions of a task.
    TaskHistory(TaskHistory),
    /// Hides a task.
    DeactivateTask(DeactivateTask),
    /// Removes a task for good.
    DeleteTask(DeleteTask),
    /// Says that a task has to be done before another.
    AddTaskBlocker(AddTaskBlocker),
    /// Takes that back.
    RemoveTaskBlocker(RemoveTaskBlocker),
    /// Takes a task for an agent, unless another has it.
    ClaimTask(ClaimTask),
    /// Lists conflicts.
    ListConflicts(ListConflicts),
    /// Reads a conflict with both versions.
    GetConflict(GetConflict),
    /// Resolves a conflict.
    ResolveConflict(ResolveConflict),
    /// Ends a session, and says what it came to.
    FinishSession(FinishSession),
    /// Makes a backup.
    CreateBackup(CreateBackup),
    /// Lists the backups, and how the schedule goes.
    ListBackups,
    /// Checks a backup.
    VerifyBackup(VerifyBackup),
    /// Puts a backup in the place of everything that is stored.
    RestoreBackup(RestoreBackup),
    /// Removes all but the newest backups.
    CleanupBackups(CleanupBackups),
    /// Creates a relation.
    CreateRelation(CreateRelation),
    /// Lists relations.
    ListRelations(ListRelations),
    /// Removes a relation.
    DeleteRelation(DeleteRelation),
    /// Full-text search along relations.
    SearchRelated(SearchRelated),
    /// Creates a tag.
    CreateTag(CreateTag),
    /// Lists tags.
    ListTags(ListTags),
    /// Attaches a tag to an entry.
    AttachTag(EntryTag),
    /// Detaches a tag from an entry.
    DetachTag(EntryTag),
    /// Lists the tags of an entry.
    TagsOfEntry(TagsOfEntry),
    /// Says what an agent may do in a scope.
    GrantPermission(GrantPermission),
    /// Takes away what an agent may do in a scope.
    RevokePermission(RevokePermission),
    /// Asks whether an agent may do something.
    CheckPermission(CheckPermission),
    /// Lists permissions.
    ListPermissions(ListPermissions),
    /// Moves entries of a session to its project.
    PromoteSession(PromoteSession),
    /// Ends an import that is not to be stored.
    EndImport(EndImport),
    /// Reads the audit.
    ReadAudit(ReadAudit),
    /// Proves which agent is at the other end of this connection.
    Authenticate(Authenticate),
    /// Registers an agent and makes its token.
    RegisterAgent(RegisterAgent),
    /// Forgets an agent and its token.
    RevokeAgent(RevokeAgent),
    /// Lists the agents that were registered.
    ListAgents(ListAgents),
    /// Reads what is to be exported beside the entries, page by page.
    ExportExtras(ExportExtras),
    /// Hands over a part of what is to be imported beside the entries.
    StageExtras(StageExtras),
    /// Adds an entry that may take the place of others.
    AddEntryInstead(Box<AddEntryInstead>),
    /// Stores plain text that may take the place of entries.
    RememberInstead(Box<RememberInstead>),
    /// Finds entries that say the same, or that are stale, and joins or hides them.
    Consolidate(Box<Consolidate>),
    /// Hides entries by a rule.
    Forget(Box<Forget>),
}

impl Request {
    /// The request's name in logs and metrics, as `add_entry`.
    #[must_use]
    #[allow(clippy::too_many_lines, reason = "one line for each variant")]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Echo(_) => "echo",
            Self::Health => "health",
            Self::Config => "config",
            Self::Subscribe => "subscribe",
            Self::HandOver(_) => "hand_over",
            Self::Stop => "stop",
            Self::AddEntry(_) => "add_entry",
            Self::UpdateEntry(_) => "update_entry",
            Self::GetEntry(_) => "get_entry",
            Self::ListEntries(_) => "list_entries",
            Self::EntryHistory(_) => "entry_history",
            Self::DeactivateEntry(_) => "deactivate_entry",
            Self::DeleteEntry(_) => "delete_entry",
            Self::BulkAddEntries(_) => "bulk_add_entries",
            Self::BulkUpdateEntries(_) => "bulk_update_entries",
            Self::BulkDeleteEntries(_) => "bulk_delete_entries",
            Self::CreateOrg(_) => "create_org",
            Self::ListOrgs(_) => "list_orgs",
            Self::CreateProject(_) => "create_project",
            Self::UpdateProject(_) => "update_project",
            Self::GetProject(_) => "get_project",
            Self::ListProjects(_) => "list_projects",
            Self::DeleteProject(_) => "delete_project",
            Self::StartSession(_) => "start_session",
            Self::EndSession(_) => "end_session",
            Self::ListSessions(_) => "list_sessions",
            Self::Search(_) => "search",
            Self::GetContext(_) => "get_context",
            Self::Remember(_) => "remember",
            Self::Quickstart(_) => "quickstart",
            Self::MeasureFloor(_) => "measure_floor",
            Self::ExportPage(_) => "export_page",
            Self::BeginImport(_) => "begin_import",
            Self::StageImport(_) => "stage_import",
            Self::FinishImport(_) => "finish_import",
            Self::CheckoutFile(_) => "checkout_file",
            Self::CheckinFile(_) => "checkin_file",
            Self::GetFileLock(_) => "get_file_lock",
            Self::ListFileLocks(_) => "list_file_locks",
            Self::ForceUnlockFile(_) => "force_unlock_file",
            Self::ClusterStatus => "cluster_status",
            Self::EchoStored(_) => "echo_stored",
            Self::AddTask(_) => "add_task",
            Self::UpdateTask(_) => "update_task",
            Self::GetTask(_) => "get_task",
            Self::ListTasks(_) => "list_tasks",
            Self::TaskHistory(_) => "task_history",
            Self::DeactivateTask(_) => "deactivate_task",
            Self::DeleteTask(_) => "delete_task",
            Self::AddTaskBlocker(_) => "add_task_blocker",
            Self::RemoveTaskBlocker(_) => "remove_task_blocker",
            Self::ClaimTask(_) => "claim_task",
            Self::ListConflicts(_) => "list_conflicts",
            Self::GetConflict(_) => "get_conflict",
            Self::ResolveConflict(_) => "resolve_conflict",
            Self::FinishSession(_) => "finish_session",
            Self::CreateBackup(_) => "create_backup",
            Self::ListBackups => "list_backups",
            Self::VerifyBackup(_) => "verify_backup",
            Self::RestoreBackup(_) => "restore_backup",
            Self::CleanupBackups(_) => "cleanup_backups",
            Self::CreateRelation(_) => "create_relation",
            Self::ListRelations(_) => "list_relations",
            Self::DeleteRelation(_) => "delete_relation",
            Self::SearchRelated(_) => "search_related",
            Self::CreateTag(_) => "create_tag",
            Self::ListTags(_) => "list_tags",
            Self::AttachTag(_) => "attach_tag",
            Self::DetachTag(_) => "detach_tag",
            Self::TagsOfEntry(_) => "tags_of_entry",
            Self::GrantPermission(_) => "grant_permission",
            Self::RevokePermission(_) => "revoke_permission",
            Self::CheckPermission(_) => "check_permission",
            Self::ListPermissions(_) => "list_permissions",
            Self::PromoteSession(_) => "promote_session",
            Self::EndImport(_) => "end_import",
            Self::ReadAudit(_) => "read_audit",
            Self::Authenticate(_) => "authenticate",
            Self::RegisterAgent(_) => "register_agent",
            Self::RevokeAgent(_) => "revoke_agent",
            Self::ListAgents(_) => "list_agents",
            Self::ExportExtras(_) => "export_extras",
            Self::StageExtras(_) => "stage_extras",
            Self::AddEntryInstead(_) => "add_entry_instead",
            Self::RememberInstead(_) => "remember_instead",
            Self::Consolidate(_) => "consolidate",
            Self::Forget(_) => "forget",
        }
    }

    /// How long the request may wait for something that another has, or work on as much as there is, in
    /// milliseconds. A caller allows this beside the time of the work.
    #[must_use]
    pub const fn wait_ms(&self) -> u64 {
        match self {
            Self::CheckoutFile(request) => request.wait_ms,
            Self::CreateBackup(_) | Self::VerifyBackup(_) | Self::RestoreBackup(_) => limits::BACKUP_MS_MAX,
            _ => 0,
        }
    }

    /// Whether the request changes the store, so that it should carry an idempotency key. Registering an agent
    /// needs none: made again, it makes another token, and the answer with the first is kept nowhere.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        matches!(
            self,
            Self::AddEntry(_)
                | Self::UpdateEntry(_)
                | Self::DeactivateEntry(_)
                | Self::DeleteEntry(_)
                | Self::BulkAddEntries(_)
                | Self::BulkUpdateEntries(_)
                | Self::BulkDeleteEntries(_)
                | Self::CreateOrg(_)
                | Self::CreateProject(_)
                | Self::UpdateProject(_)
                | Self::DeleteProject(_)
                | Self::StartSession(_)
                | Self::EndSession(_)
                | Self::Remember(_)
                | Self::Quickstart(_)
                | Self::FinishImport(_)
                | Self::CheckoutFile(_)
                | Self::CheckinFile(_)
                | Self::ForceUnlockFile(_)
                | Self::AddTask(_)
                | Self::UpdateTask(_)
                | Self::DeactivateTask(_)
                | Self::DeleteTask(_)
                | Self::AddTaskBlocker(_)
                | Self::RemoveTaskBlocker(_)
                | Self::ClaimTask(_)
                | Self::ResolveConflict(_)
                | Self::FinishSession(_)
                | Self::CreateRelation(_)
                | Self::DeleteRelation(_)
                | Self::CreateTag(_)
                | Self::AttachTag(_)
                | Self::DetachTag(_)
                | Self::GrantPermission(_)
                | Self::RevokePermission(_)
                | Self::PromoteSession(_)
                | Self::RevokeAgent(_)
                | Self::AddEntryInstead(_)
                | Self::RememberInstead(_)
        ) || match self {
            Self::Consolidate(request) => request.changes_entries(),
            Self::Forget(request) => !request.dry_run,
            _ => false,
        }
    }

    /// The same request for a daemon of an older protocol, where there is one that it knows.
    #[must_use]
    pub fn for_older(&self, protocol: u16) -> Option<Self> {
        match self {
            Self::AddEntryInstead(request)
                if protocol < AddEntryInstead::PROTOCOL && request.supersedes.is_empty() =>
            {
                Some(Self::AddEntry(request.add.clone()))
            }
            _ => None,
        }
    }
}
