//! Sessions: start, end, list.

use crate::{
    codec::{Decode, Encode},
    model::{Id, Json, SessionStatus},
};

/// Starts a session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StartSession {
    /// The id to give it; the daemon makes one when not given.
    pub id: Option<Id>,
    /// The project it works on.
    pub project_id: Option<Id>,
    /// Its name.
    pub name: Option<String>,
    /// What for.
    pub purpose: Option<String>,
    /// Whose; the envelope's agent when not given.
    pub agent_id: Option<String>,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
}

/// Ends a session, or pauses it. Ending one that has already ended the same way is no error.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EndSession {
    /// Which session.
    pub id: Id,
    /// How it ends; `Active` takes up a paused one again.
    pub status: SessionStatus,
}

/// Ends a session as [`EndSession`] does, and says what it came to. Answered with `SessionReport`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FinishSession {
    /// Which session.
    pub id: Id,
    /// How it ends.
    pub status: SessionStatus,
    /// What it came to, at most 4,000 characters; what was said before stays, when not given.
    pub summary: Option<String>,
}

/// Lists sessions, latest start first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListSessions {
    /// Only of this project.
    pub project_id: Option<Id>,
    /// Only with this status.
    pub status: Option<SessionStatus>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}
