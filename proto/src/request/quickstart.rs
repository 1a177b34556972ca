//! Quickstart: project, session and context in one request.

use crate::{
    codec::{Decode, Encode},
    model::Id,
};

/// Binds the project by id, else by directory, else by name; creates it when allowed; starts a
/// session; returns its context.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Quickstart {
    /// The project, when known.
    pub project_id: Option<Id>,
    /// Its directory, absolute.
    pub root_path: Option<String>,
    /// Its name, when it has to be created; the directory's last part when not given.
    pub project_name: Option<String>,
    /// Its description, when it has to be created.
    pub project_description: Option<String>,
    /// Whether a missing project is created.
    pub create_project: bool,
    /// The session's name. An active session of the same agent and name is taken up again.
    pub session_name: Option<String>,
    /// The session's purpose; also ranks the context.
    pub session_purpose: Option<String>,
    /// Whose session; the envelope's agent when not given.
    pub agent_id: Option<String>,
    /// Whether the context inherits from the wider scopes.
    pub inherit: bool,
    /// Entries of each kind at most.
    pub limit_per_kind: Option<u32>,
    /// Tokens of the context at most.
    pub budget_tokens: Option<u32>,
}
