//! Organisations: create, list.

use crate::{
    codec::{Decode, Encode},
    model::{Id, Json},
};

/// Creates an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CreateOrg {
    /// The id to give it; the daemon makes one when not given.
    pub id: Option<Id>,
    /// Its name, unique.
    pub name: String,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
}

/// Lists organisations by name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListOrgs {
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}
