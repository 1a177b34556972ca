//! The audit.

use crate::{
    codec::{Decode, Encode},
    model::AuditEntry,
};

/// A page of the audit, the latest first. It may have fewer than were asked for, or none, and yet others follow:
/// one page looks through so many lines at most.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AuditPage {
    /// The lines.
    pub entries: Vec<AuditEntry>,
    /// The number before which the next page goes on; `None` when there is none.
    pub next: Option<u64>,
}
