//! What readers do: one file for each kind of thing that is read.

pub(super) mod entries;
mod export;
pub(super) mod list;
pub(super) mod projects;
pub(super) mod scopes;
pub(super) mod sessions;

use crate::store::answers::pages::cut;
