//! What readers do: one file for each kind of thing that is read.

mod entries;
mod scopes;
