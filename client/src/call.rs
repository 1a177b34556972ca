//! What a caller says beside the request, and what comes back beside the response.

use std::time::Duration;

use agent_memory_proto::{Response, frame, model::Id};

/// How a request is sent. The default asks for nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// How long to wait at most; the connection's default when not given.
    pub deadline: Option<Duration>,
    /// Key under which a write is applied once; made by the library when not given.
    pub idempotency_key: Option<Id>,
    /// Which agent asks; the connection's agent when not given.
    pub agent_id: Option<String>,
    /// In which session.
    pub session_id: Option<Id>,
}

impl CallOptions {
    /// Waits at most this long.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Applies a write once under this key, however often it is sent.
    #[must_use]
    pub const fn with_key(mut self, key: Id) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Asks for this agent.
    #[must_use]
    pub fn with_agent(mut self, agent_id: Option<String>) -> Self {
        self.agent_id = agent_id;
        self
    }

    /// Asks in this session.
    #[must_use]
    pub const fn with_session(mut self, session_id: Option<Id>) -> Self {
        self.session_id = session_id;
        self
    }
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The answer; never [`Response::Error`].
    pub response: Response,
    /// Whether it came from the daemon's cache.
    pub cached: bool,
    /// Whether it repeats the answer to an earlier request with the same idempotency key.
    pub replayed: bool,
    /// Whether it may be stale because a service is away.
    pub degraded: bool,
}

impl Reply {
    pub(crate) const fn new(response: Response, flags: u8) -> Self {
        Self {
            response,
            cached: flags & frame::FLAG_CACHED != 0,
            replayed: flags & frame::FLAG_REPLAYED != 0,
            degraded: flags & frame::FLAG_DEGRADED != 0,
        }
    }
}
