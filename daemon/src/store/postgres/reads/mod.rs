//! What readers do: one file for each kind of thing that is read, one round trip for each answer.

mod batches;
mod entries;
mod export;
pub(super) mod list;
mod orgs;
mod projects;
mod scopes;
mod sessions;

pub(super) use batches::{Batches, batches};
pub(super) use entries::by_id;

use crate::store::answers::pages::cut;
