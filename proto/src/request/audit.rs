//! The audit: read.

use std::fmt;

use crate::{
    codec::{Decode, Encode},
    model::{AuditAction, Id, ScopeRef},
};

/// Reads the audit, the latest first. Needs the admin key.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReadAudit {
    /// Only what this agent did.
    pub agent: Option<String>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only in this scope.
    pub scope: Option<ScopeRef>,
    /// Only of this id.
    pub id: Option<Id>,
    /// Not before this time.
    pub since_ms: Option<i64>,
    /// Not at or after this time.
    pub until_ms: Option<i64>,
    /// Goes on before this number, which the page before gave.
    pub before: Option<u64>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// The admin key.
    pub admin_key: Option<String>,
}

impl ReadAudit {
    /// Everything, from the latest on.
    #[must_use]
    pub const fn all(limit: u32, admin_key: Option<String>) -> Self {
        Self {
            agent: None,
            action: None,
            scope: None,
            id: None,
            since_ms: None,
            until_ms: None,
            before: None,
            limit,
            admin_key,
        }
    }
}

impl fmt::Debug for ReadAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAudit")
            .field("agent", &self.agent)
            .field("action", &self.action)
            .field("scope", &self.scope)
            .field("id", &self.id)
            .field("since_ms", &self.since_ms)
            .field("until_ms", &self.until_ms)
            .field("before", &self.before)
            .field("limit", &self.limit)
            .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
            .finish()
    }
}
