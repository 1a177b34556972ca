//! Sessions.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{Id, Json};
use crate::codec::{Decode, Encode};

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// Under way.
    Active,
    /// Put aside.
    Paused,
    /// Ended as intended.
    Completed,
    /// Ended, and its entries are of no use.
    Discarded,
}

impl SessionStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Completed, Self::Discarded];

    /// The public name, as `active`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Discarded => "discarded",
        }
    }
}

impl fmt::Display for SessionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SessionStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(())
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
