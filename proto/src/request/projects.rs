//! Projects: create, update, get, list, delete.

use crate::{
    codec::{Decode, Encode},
    model::{Id, Json},
};

/// Creates a project.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CreateProject {
    /// The id to give it; the daemon makes one when not given.
    pub id: Option<Id>,
    /// Its organisation.
    pub org_id: Option<Id>,
    /// Its name, unique in its organisation.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its directory: an absolute path, unique among projects.
    pub root_path: Option<String>,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
}

/// Changes a project: what is `None` stays as it is; `Some(None)` clears.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
pub struct UpdateProject {
    /// Which project.
    pub id: Id,
    /// New name.
    pub name: Option<String>,
    /// New organisation.
    pub org_id: Option<Option<Id>>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New directory.
    pub root_path: Option<Option<String>>,
    /// New metadata.
    pub metadata: Option<Option<Json>>,
}

/// Reads a project by the first of these that is given.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetProject {
    /// By id.
    pub id: Option<Id>,
    /// By directory: the project whose root path is this one, or its nearest parent.
    pub root_path: Option<String>,
    /// By name, in `org_id` when that is given; refused with `Conflict` when several match.
    pub name: Option<String>,
    /// Narrows the name.
    pub org_id: Option<Id>,
}

/// Lists projects by name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListProjects {
    /// Only of this organisation.
    pub org_id: Option<Id>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Removes a project, its sessions and all their entries for good.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct DeleteProject {
    /// Which project.
    pub id: Id,
    /// Must be true.
    pub confirm: bool,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

impl std::fmt::Debug for DeleteProject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeleteProject")
            .field("id", &self.id)
            .field("confirm", &self.confirm)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}
