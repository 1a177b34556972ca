//! Pages of organisations, projects and sessions.

use crate::{
    codec::{Decode, Encode},
    model::{Org, Project, Session},
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

/// A page of sessions.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<Session>,
    /// Whether more follow.
    pub has_more: bool,
}
