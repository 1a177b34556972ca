//! Organisations.

use super::{Id, Json};
use crate::codec::{Decode, Encode};

/// An organisation: the scope above its projects.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Org {
    /// Its id.
    pub id: Id,
    /// Its name, unique.
    pub name: String,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
    /// When it was created.
    pub created_at_ms: i64,
}
