//! The audit: what was done, by whom and from where. It has names, ids and versions, and nothing that entries say.

use super::{EntryKind, Id, ScopeRef, words::words};
use crate::codec::{Decode, Encode};

words! {
    /// What was done. Append only.
    AuditAction {
        /// Something new.
        Add = "add",
        /// A new version or state; what asked for nothing new is the same before and after.
        Update = "update",
        /// Hidden.
        Deactivate = "deactivate",
        /// Removed for good.
        Delete = "delete",
        /// Moved from a session to its project.
        Promote = "promote",
        /// Stored by an import; of one import, how many entries.
        Import = "import",
        /// A task was taken, or a session taken up.
        Claim = "claim",
        /// A session ended.
        End = "end",
        /// A conflict was resolved.
        Resolve = "resolve",
        /// A tag was attached.
        Attach = "attach",
        /// A tag was detached.
        Detach = "detach",
        /// A file was locked, or its lock renewed.
        Lock = "lock",
        /// A lock was ended by its owner.
        Unlock = "unlock",
        /// A lock was ended by somebody else.
        ForceUnlock = "force_unlock",
        /// It was said what an agent may do.
        Grant = "grant",
        /// It was said that an agent may do nothing, or what was said was removed.
        Revoke = "revoke",
        /// Somebody wanted what they may not.
        Refuse = "refuse",
        /// A backup was made.
        Backup = "backup",
        /// A backup was checked.
        Verify = "verify",
        /// A backup took the place of everything.
        Restore = "restore",
        /// Backups were removed.
        CleanUp = "clean_up",
        /// The daemon was asked to stop.
        Stop = "stop",
    }
}

words! {
    /// What it was done to. Append only.
    AuditKind {
        /// An entry.
        Guideline = "guideline",
        /// An entry.
        Knowledge = "knowledge",
        /// An entry.
        Tool = "tool",
        /// An organisation.
        Org = "org",
        /// A project.
        Project = "project",
        /// A session.
        Session = "session",
        /// A task.
        Task = "task",
        /// A conflict.
        Conflict = "conflict",
        /// A relation.
        Relation = "relation",
        /// A tag.
        Tag = "tag",
        /// A permission.
        Permission = "permission",
        /// The lock of a file.
        FileLock = "file_lock",
        /// An import.
        Import = "import",
        /// A backup.
        Backup = "backup",
        /// A request, which was refused.
        Request = "request",
        /// The daemon.
        Daemon = "daemon",
        /// Something else that is stored.
        Other = "other",
        /// An agent whose name is proved.
        Agent = "agent",
    }
}

impl From<EntryKind> for AuditKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Guideline => Self::Guideline,
            EntryKind::Knowledge => Self::Knowledge,
            EntryKind::Tool => Self::Tool,
        }
    }
}

words! {
    /// Through what it was asked for. Append only.
    AuditVia {
        /// A program with the client library.
        Library = "library",
        /// The command line.
        CommandLine = "command_line",
        /// A bridge, for an agent over MCP.
        Mcp = "mcp",
        /// The benchmark.
        Benchmark = "benchmark",
        /// The daemon itself.
        Daemon = "daemon",
    }
}

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct AuditEntry {
    /// Its number: later ones have larger numbers.
    pub number: u64,
    /// When; of several, when the first was.
    pub at_ms: i64,
    /// What.
    pub action: AuditAction,
    /// To what.
    pub kind: AuditKind,
    /// Its id.
    pub id: Option<Id>,
    /// Where it belongs, if that is known.
    pub scope: Option<ScopeRef>,
    /// Its version before; `None` for what is new, and what has no versions.
    pub before_version: Option<u32>,
    /// Its version after; `None` for what is gone, and what has no versions.
    pub after_version: Option<u32>,
    /// How often, or of an import how many entries.
    pub times: u32,
    /// What else is to be said: the path of a lock, the name of a tag, a file, a refused request.
    pub detail: Option<String>,
    /// Which agent; `None` for whoever named none.
    pub agent: Option<String>,
    /// In which session.
    pub session: Option<Id>,
    /// Through what.
    pub via: AuditVia,
    /// The machine of the daemon.
    pub host: String,
    /// The run of the daemon.
    pub daemon: Id,
}

impl AuditEntry {
    /// Who did it, in words: at the command line, without a name, whoever owns the socket.
    #[must_use]
    pub fn who(&self) -> &str {
        match (&self.agent, self.via) {
            (Some(agent), _) => agent,
            (None, AuditVia::Daemon) => "the daemon",
            (None, AuditVia::Mcp) => "an agent without a name",
            (None, AuditVia::Library) => "a program without a name",
            (None, _) => "the socket's owner",
        }
    }
}
