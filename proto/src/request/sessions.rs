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

/// What becomes of an entry whose name is taken where it is to go. Append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum PromoteStrategy {
    /// Nothing is moved, and the answer says what stands in the way.
    Refuse,
    /// It stays in the session; the others are moved.
    Skip,
}

/// Moves entries of a session to its project: they keep their ids, versions and authors.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PromoteSession {
    /// Which session.
    pub id: Id,
    /// Which of its entries, at most 1,000; all that are active when empty.
    pub entry_ids: Vec<Id>,
    /// What becomes of those whose names are taken in the project.
    pub strategy: PromoteStrategy,
    /// Through which agent; the envelope's when not given.
    pub promoted_by: Option<String>,
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
