//! Write values: what the handlers hand to a store, checked, normalised, with its ids and times.

use std::sync::Arc;

use agent_memory_proto::{
    Event, Response,
    model::{
        AuditEntry, EntryKind, FileLock, Id, Json, Org, Permission, Project, Relation, ScopeRef, Session,
        SessionStatus, Tag,
    },
    request::{ConflictPick, EntryDraft, EntryPatch, PromoteSession, TagSelector, UpdateProject},
};

use super::{Caller, Gated, KnownAgent, Succession, TaskWrite, Tidy};
use crate::{clock::Clock, imports::Staged};

/// Makes a write apply once. The fingerprint is a hash of the request's bytes: the same key with
/// another request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller's key.
    pub key: Id,
    /// Hash of the request.
    pub fingerprint: u64,
}

/// An entry to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// Its id.
    pub id: Id,
    /// The id of its first version.
    pub version_id: Id,
    /// What it is; `created_by` is filled in.
    pub draft: EntryDraft,
}

/// An entry to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryUpdate {
    /// Which entry.
    pub id: Id,
    /// The id of the new version.
    pub version_id: Id,
    /// Refuse unless this is the current version.
    pub expected_version: Option<u32>,
    /// The changes; `updated_by` is filled in.
    pub patch: EntryPatch,
}

/// Everything that was handed over to be imported.
#[derive(Debug)]
pub struct Import {
    /// Its id.
    pub id: Id,
    /// Tells what would be done, and does nothing.
    pub dry_run: bool,
    /// What was handed over; `None` when that is gone, because it was stored before.
    pub staged: Option<Staged>,
    /// Whoever imports knows of entries only: the answer tells of nothing else.
    pub is_plain: bool,
    /// Makes the ids of new versions.
    pub clock: Clock,
}

impl PartialEq for Import {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.dry_run == other.dry_run
    }
}

/// Who holds a lock: an agent, in one of its sessions or in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOwner {
    /// The agent.
    pub agent_id: String,
    /// The session.
    pub session_id: Option<Id>,
}

impl LockOwner {
    /// Whether a lock is this one's: a lock of a session is of that session only, one without is of the
    /// agent in whatever session.
    #[must_use]
    pub fn holds(&self, lock: &FileLock) -> bool {
        lock.agent_id == self.agent_id && (lock.session_id.is_none() || lock.session_id == self.session_id)
    }
}

/// A lock that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockClaim {
    /// The id of the lock, if it is a new one.
    pub id: Id,
    /// The file, normalised.
    pub path: String,
    /// For whom.
    pub owner: LockOwner,
    /// For which project.
    pub project_id: Option<Id>,
    /// What for.
    pub reason: Option<String>,
    /// Anything else.
    pub metadata: Option<Json>,
    /// How long.
    pub ttl_ms: u64,
    /// Of somebody who waits, where daemons share the store.
    pub ticket: Option<i64>,
}

/// A tag of an entry that is to be there, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagChange {
    /// Of which kind the entry is.
    pub kind: EntryKind,
    /// Which entry.
    pub id: Id,
    /// Which tag.
    pub tag: TagSelector,
    /// Whether it is to be there.
    pub attach: bool,
    /// The id of the version that records it.
    pub version_id: Id,
    /// The id of the tag, if it has to be created.
    pub new_tag_id: Id,
    /// Which agent.
    pub updated_by: Option<String>,
}

/// One atomic change of the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Adds entries. Answered with `Written`, or `BulkWritten` when `bulk`.
    AddEntries {
        /// The entries.
        entries: Vec<NewEntry>,
        /// Whether it came as a bulk request.
        bulk: bool,
    },
    /// Updates entries. Answered as above.
    UpdateEntries {
        /// The updates.
        updates: Vec<EntryUpdate>,
        /// Whether it came as a bulk request.
        bulk: bool,
        /// Two agents' updates within this time are a conflict.
        conflict_window_ms: i64,
    },
    /// Hides an entry. Answered with `Written`; hiding a hidden one changes nothing.
    DeactivateEntry {
        /// Of which kind.
        kind: EntryKind,
        /// Which entry.
        id: Id,
        /// The id of the version that records it.
        version_id: Id,
        /// Which agent.
        updated_by: Option<String>,
        /// Why.
        change_reason: Option<String>,
    },
    /// Removes entries for good. Answered with `Written`, or `BulkWritten` when `bulk`.
    DeleteEntries {
        /// Of which kind.
        kind: EntryKind,
        /// Which entries.
        ids: Vec<Id>,
        /// Whether it came as a bulk request.
        bulk: bool,
        /// Which agent.
        deleted_by: Option<String>,
    },
    /// Stores an import, all or nothing. Answered with `ImportOutcome`, or `Imported`; `TakenBack` when nothing was stored.
    Import(Arc<Import>),
    /// Creates an organisation. Answered with `Org`.
    CreateOrg(Org),
    /// Creates a project. Answered with `Project`.
    CreateProject(Project),
    /// Changes a project. Answered with `Project`.
    UpdateProject(UpdateProject),
    /// Removes a project with its sessions and entries. Answered with `Done`.
    DeleteProject(Id),
    /// Starts a session. Answered with `Session`.
    StartSession(Session),
    /// Ends, pauses or takes up a session. Answered with `Session`.
    EndSession {
        /// Which session.
        id: Id,
        /// Its new status.
        status: SessionStatus,
        /// What it came to, when somebody says so; then it is answered with `SessionReport`.
        #[allow(clippy::option_option, reason = "not to be told, to be kept, and to be set")]
        summary: Option<Option<String>>,
    },
    /// Moves entries of a session to its project. Answered with `SessionPromoted`.
    PromoteSession(PromoteSession),
    /// Ends sessions in which nothing has happened since a time: some of them, the longest abandoned first.
    /// Answered with `SessionReports`, which says whether there may be more.
    EndAbandonedSessions {
        /// The time.
        before_ms: i64,
        /// So many at most.
        limit: u32,
    },
    /// Adds an entry made from plain text, unless one of its name says the same already; a name
    /// that is taken by another text gets a number. Answered with `Remembered`, nothing similar.
    Remember {
        /// The entry.
        entry: NewEntry,
        /// Which rule decided its kind.
        inferred_by: String,
    },
    /// Finds or creates a project and a session. Answered with `Quickstarted`, context empty.
    Bind {
        /// The project by id; it must exist.
        project_id: Option<Id>,
        /// The project to create when none has its root path (or, without one, its name).
        project: Option<Project>,
        /// Whether it may be created.
        create_project: bool,
        /// The session to start, unless an active one of the same project, agent and name is there.
        session: Session,
    },
    /// Locks a file, or renews the lock that the same owner holds. Answered with `CheckedOut`.
    CheckoutFile(LockClaim),
    /// Ends a lock. Answered with `CheckedIn`.
    CheckinFile {
        /// The file, normalised.
        path: String,
        /// Who asks; `None` ends it whoever holds it.
        owner: Option<LockOwner>,
        /// Refuse unless this is its token.
        token: Option<u64>,
    },
    /// Changes a task. Answered with `TaskWritten`.
    Task(TaskWrite),
    /// Resolves a conflict. Answered with `ConflictResolved`.
    ResolveConflict(Box<Resolution>),
    /// Creates a relation, unless one of its kind is there between the same two. Answered with
    /// `RelationCreated`.
    CreateRelation(Relation),
    /// Removes a relation. Answered with `RelationDeleted`.
    DeleteRelation(Id),
    /// Creates a tag, unless one of its name is there. Answered with `TagCreated`.
    CreateTag(Tag),
    /// Attaches a tag to an entry, or detaches it. Answered with `EntryTagged`.
    ChangeTag(TagChange),
    /// Says what an agent may do, in the place of what was said of the same agent, scope and kind; that keeps
    /// its id. Answered with `Permission`.
    SetPermission(Permission),
    /// Removes what was said. Answered with `Permission`.
    RemovePermission(Id),
    /// Says in the audit what changed nothing that is stored. Answered with `Done`.
    Note(Vec<AuditEntry>),
    /// Registers an agent, in the place of one of its name. Answered with `AgentRegistered`, token empty.
    RegisterAgent(KnownAgent),
    /// Forgets an agent and its token. Answered with `AgentRevoked`.
    RevokeAgent(String),
    /// Adds an entry in the place of others. Answered with `EntryAdded`, or `RememberedInstead`; nothing similar.
    Succeed(Box<Succession>),
    /// Consolidates entries, or forgets them. Answered as it says.
    Tidy(Box<Tidy>),
}

/// How a conflict is to be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Which conflict.
    pub id: Id,
    /// The id of the version that is written for it, if one is.
    pub version_id: Id,
    /// How, in words.
    pub resolution: String,
    /// What the entry is to say.
    pub pick: ConflictPick,
    /// Refuse unless this is its current version; without it, that of the conflict.
    pub expected_version: Option<u32>,
    /// Which agent.
    pub resolved_by: Option<String>,
}

/// A write on its way to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteRequest {
    /// What to do, its texts looked through.
    pub write: Gated<Write>,
    /// Who asked for it.
    pub caller: Caller,
    /// When it was asked for.
    pub at_ms: i64,
    /// Applied once, if given.
    pub idempotency: Option<IdempotencyKey>,
}

/// What a durable write changed: raises a scope's generation, and may be told to subscribers.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The scope whose content changed.
    pub scope: ScopeRef,
    /// Whether the scope's parents may have changed too (a project moved or was removed).
    pub scope_tree: bool,
    /// Whether what agents may do changed.
    pub permissions: bool,
    /// What subscribers are told.
    pub event: Option<Event>,
}

impl Change {
    /// A backup took the place of everything.
    pub(crate) fn of_restore() -> Self {
        Self {
            scope: ScopeRef::GLOBAL,
            scope_tree: true,
            permissions: true,
            event: Some(Event::ChangesMissed { reason: "a backup was restored".to_owned() }),
        }
    }

    /// The content of a scope changed, and nothing else.
    #[must_use]
    pub const fn of_content(scope: ScopeRef, event: Option<Event>) -> Self {
        Self { scope, scope_tree: false, permissions: false, event }
    }

    /// Whether an answer that was kept may have become old. Answers about tasks are not kept, and no other has
    /// tasks in it.
    #[must_use]
    pub const fn touches_answers(&self) -> bool {
        !matches!(self.event, Some(Event::TaskChanged { .. }))
    }
}

/// A durable write.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteOutcome {
    /// The answer to the caller.
    pub reply: Response,
    /// What it changed; empty when it was applied before.
    pub changes: Vec<Change>,
    /// Whether the answer repeats an earlier one with the same key.
    pub replayed: bool,
}

/// Told of every durable change, before its writer is answered.
pub type OnChange = Arc<dyn Fn(&Change) + Send + Sync>;
