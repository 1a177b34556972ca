//! Conflicts, and what became of them.

use super::Written;
use crate::{
    codec::{Decode, Encode},
    model::{Conflict, Version},
};

/// A page of conflicts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConflictPage {
    /// The conflicts.
    pub conflicts: Vec<Conflict>,
    /// Whether more follow.
    pub has_more: bool,
}

/// A conflict with what both versions say.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ConflictDetails {
    /// The conflict.
    pub conflict: Conflict,
    /// The version that came first, while it is kept.
    pub first: Option<Version>,
    /// The version that took its place, while it is kept.
    pub second: Option<Version>,
}

/// A conflict is resolved, and that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConflictResolved {
    /// The conflict.
    pub conflict: Conflict,
    /// The version that was written for it, if one was.
    pub written: Option<Written>,
}
