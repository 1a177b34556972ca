//! Pages of organisations, projects and sessions.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, Id, Org, Project, ScopeRef, Session, SessionReport},
};

/// A page of organisations.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct OrgPage {
    /// The organisations.
    pub orgs: Vec<Org>,
    /// Whether more follow.
    pub has_more: bool,
}

/// A page of projects.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ProjectPage {
    /// The projects.
    pub projects: Vec<Project>,
    /// Whether more follow.
    pub has_more: bool,
}

/// What became of an entry of a session.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PromotedEntry {
    /// Which entry.
    pub id: Id,
    /// What it is.
    pub kind: EntryKind,
    /// Its name or title.
    pub name: String,
    /// The entry of the project that has its name, because of which it stays where it is.
    pub stays_for: Option<Id>,
}

/// Entries of a session are its project's now, and that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SessionPromoted {
    /// Where they went.
    pub scope: ScopeRef,
    /// What became of each.
    pub entries: Vec<PromotedEntry>,
}

/// A page of sessions, and what they came to. Since protocol version 4.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SessionReportPage {
    /// The sessions.
    pub sessions: Vec<SessionReport>,
    /// Whether more follow.
    pub has_more: bool,
}

impl SessionReportPage {
    /// The first protocol version that knows it; older peers are answered with a [`SessionPage`].
    pub const PROTOCOL: u16 = 4;
}

impl From<SessionReportPage> for SessionPage {
    fn from(page: SessionReportPage) -> Self {
        let sessions = page.sessions.into_iter().map(|report| report.session).collect();
        Self { sessions, has_more: page.has_more }
    }
}

/// A page of sessions.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// Whether more follow.
    pub has_more: bool,
}
