//! Locks of files.

use super::{Id, Json, ScopeRef};
use crate::codec::{Decode, Encode};

/// A file that an agent has checked out. It is advice among those who ask: nothing keeps a program
/// that does not ask from writing the file.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FileLock {
    /// The id of this lock; the next one on the same path has another.
    pub id: Id,
    /// The file: absolute and normalised.
    pub path: String,
    /// Which agent holds it.
    pub agent_id: String,
    /// In which session; the lock ends with it.
    pub session_id: Option<Id>,
    /// For which project.
    pub project_id: Option<Id>,
    /// What for.
    pub reason: Option<String>,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// The fencing token: of two locks on one path the later one has the larger token. A renewed lock
    /// keeps its token.
    pub token: u64,
    /// When it was granted, by the clock of the store.
    pub acquired_at_ms: i64,
    /// When it ends by itself, by the clock of the store.
    pub expires_at_ms: i64,
}

impl FileLock {
    /// Where it belongs: to its project, else to its session, else nowhere in particular.
    #[must_use]
    pub fn scope(&self) -> Option<ScopeRef> {
        let project = self.project_id.map(ScopeRef::project);
        project.or_else(|| self.session_id.map(ScopeRef::session))
    }
}
