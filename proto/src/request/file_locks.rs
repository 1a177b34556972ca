//! Locks of files: check out, check in, status, list, unlock by force.

use std::fmt;

use crate::{
    codec::{Decode, Encode},
    model::{Id, Json},
};

/// Locks a file, or renews the lock that the same agent holds on it in the same session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CheckoutFile {
    /// The file, absolute; at most 4,096 bytes. The daemon resolves `.`, `..` and doubled separators
    /// by the text alone; symbolic links are for the caller to resolve, who sees the file system.
    pub path: String,
    /// Who holds it; the envelope's agent when not given. One of the two must be.
    pub agent_id: Option<String>,
    /// In which session, which must be there and not have ended. The lock ends with it.
    pub session_id: Option<Id>,
    /// For which project.
    pub project_id: Option<Id>,
    /// What for; at most 500 characters.
    pub reason: Option<String>,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
    /// How long, in milliseconds from now: 1,000 to 86,400,000; an hour when not given.
    pub ttl_ms: Option<u64>,
    /// How long to wait for the file when another has it, in milliseconds: at most 600,000, and not
    /// beyond the request's deadline; 0 does not wait.
    pub wait_ms: u64,
}

/// Ends a lock. Only its owner can: the same agent in the same session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CheckinFile {
    /// The file, as for [`CheckoutFile`].
    pub path: String,
    /// Who holds it; the envelope's agent when not given.
    pub agent_id: Option<String>,
    /// In which session it was checked out.
    pub session_id: Option<Id>,
    /// Refuse unless this is its token.
    pub token: Option<u64>,
}

/// Asks who holds a file.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetFileLock {
    /// The file, as for [`CheckoutFile`].
    pub path: String,
}

/// Lists the locks that are held, by path.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListFileLocks {
    /// Only of this project.
    pub project_id: Option<Id>,
    /// Only of this agent.
    pub agent_id: Option<String>,
    /// Only of this session.
    pub session_id: Option<Id>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Ends a lock, whoever holds it.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForceUnlockFile {
    /// The file, as for [`CheckoutFile`].
    pub path: String,
    /// Who does it; the envelope's agent when not given.
    pub agent_id: Option<String>,
    /// Why; at most 500 characters.
    pub reason: Option<String>,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

impl fmt::Debug for ForceUnlockFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForceUnlockFile")
            .field("path", &self.path)
            .field("agent_id", &self.agent_id)
            .field("reason", &self.reason)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}
