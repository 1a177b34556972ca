//! Projects.

use super::{Id, Json};
use crate::codec::{Decode, Encode};

/// A project: usually one working directory.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Project {
    /// Its id.
    pub id: Id,
    /// The organisation it belongs to.
    pub org_id: Option<Id>,
    /// Its name, unique within its organisation (or among projects without one).
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its directory, absolute; unique where given.
    pub root_path: Option<String>,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// When it was created.
    pub created_at_ms: i64,
    /// When it last changed.
    pub updated_at_ms: i64,
}
