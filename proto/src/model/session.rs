//! Sessions.

use super::{Id, Json, words};
use crate::codec::{Decode, Encode};

words! {
    /// How a session stands.
    SessionStatus {
        /// Under way.
        Active = "active",
        /// Put aside.
        Paused = "paused",
        /// Ended as intended.
        Completed = "completed",
        /// Ended, and its entries are of no use.
        Discarded = "discarded",
    }
}

/// One stretch of an agent's work, and the narrowest scope.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Session {
    /// Its id.
    pub id: Id,
    /// The project it works on.
    pub project_id: Option<Id>,
    /// Its name.
    pub name: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// Whose.
    pub agent_id: Option<String>,
    /// How it stands.
    pub status: SessionStatus,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// When it started.
    pub started_at_ms: i64,
    /// When it ended.
    pub ended_at_ms: Option<i64>,
}

/// A session, and what it came to.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SessionReport {
    /// The session.
    pub session: Session,
    /// What it came to, in the words of whoever ended it.
    pub summary: Option<String>,
}
