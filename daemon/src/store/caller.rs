//! Who asks for a write, and through which daemon: what the audit says of it.

use std::sync::Arc;

use agent_memory_proto::model::{AuditAction, AuditEntry, AuditKind, AuditVia, Id};

/// A run of a daemon.
#[derive(Debug, PartialEq, Eq)]
pub struct DaemonName {
    /// Its id.
    pub id: Id,
    /// The machine that it runs on.
    pub host: String,
}

/// Who asks for a write, through what and through which daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Which agent, if it is named.
    pub agent: Option<String>,
    /// In which session.
    pub session: Option<Id>,
    /// Through what.
    pub via: AuditVia,
    /// Through which daemon.
    pub daemon: Arc<DaemonName>,
}

impl Caller {
    /// The daemon itself.
    #[must_use]
    pub fn daemon(daemon: &Arc<DaemonName>) -> Self {
        Self { agent: None, session: None, via: AuditVia::Daemon, daemon: Arc::clone(daemon) }
    }

    /// A measurement, or a test.
    pub(in crate::store) fn benchmark() -> Self {
        Self {
            agent: Some("benchmark".to_owned()),
            session: None,
            via: AuditVia::Benchmark,
            daemon: Arc::new(DaemonName { id: Id([0; 16]), host: "localhost".to_owned() }),
        }
    }

    /// A line of the audit of what it did once, with nothing else yet.
    #[must_use]
    pub fn entry(&self, action: AuditAction, kind: AuditKind, at_ms: i64) -> AuditEntry {
        AuditEntry {
            number: 0,
            at_ms,
            action,
            kind,
            id: None,
            scope: None,
            before_version: None,
            after_version: None,
            times: 1,
            detail: None,
            agent: self.agent.clone(),
            session: self.session,
            via: self.via,
            host: self.daemon.host.clone(),
            daemon: self.daemon.id,
        }
    }
}
