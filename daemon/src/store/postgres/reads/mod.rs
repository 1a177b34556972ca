//! What readers do: one file for each kind of thing that is read, one round trip for each answer.

mod entries;
mod list;
mod orgs;
mod projects;
mod scopes;
mod sessions;

use crate::store::answers::pages::cut;
