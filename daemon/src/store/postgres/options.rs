//! What can be chosen about the PostgreSQL store.

use std::time::Duration;

use agent_memory_proto::settings::Settings;

use super::server::Server;
use crate::store::AuditLimits;

/// Settings of the store.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where, as whom and how encrypted to connect.
    pub server: Server,
    /// Where the connection for events goes; `None` takes `server`.
    pub events_server: Option<Server>,
    /// Connections that are kept open.
    pub pool_min: u32,
    /// Most connections.
    pub pool_max: u32,
    /// When an idle connection beyond `pool_min` is closed.
    pub idle_timeout: Duration,
    /// How long to wait for a connection, and for the server to take one.
    pub connection_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// Whether to bring the schema up to date.
    pub migrate: bool,
    /// Requests that may wait for a connection.
    pub waiting_max: usize,
    /// How much of the audit is kept.
    pub audit: AuditLimits,
}

impl PostgresOptions {
    /// The defaults for a server.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self {
            server,
            events_server: None,
            pool_min: 2,
            pool_max: 10,
            idle_timeout: Duration::from_secs(30),
            connection_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            migrate: true,
            waiting_max: 4_096,
            audit: AuditLimits::default(),
        }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When an address cannot be read, or settings contradict each other.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let number = |name| u32::try_from(settings.number(name)).unwrap_or(u32::MAX);
        let millis = |name| Duration::from_millis(settings.number(name));
        let (pool_min, pool_max) = (number("PG_POOL_MIN"), number("PG_POOL_MAX"));
        if pool_min > pool_max {
            return Err(format!(
                "AGENT_MEMORY_PG_POOL_MIN={pool_min} is more than AGENT_MEMORY_PG_POOL_MAX={pool_max}; \
                 lower the first or raise the second"
            ));
        }
        let events_server = match settings.text("PG_EVENTS_URL") {
            Some(_) => Some(Server::from_settings(settings, "PG_EVENTS_URL")?),
            None => None,
        };
        Ok(Self {
            events_server,
            pool_min,
            pool_max,
            idle_timeout: millis("PG_IDLE_TIMEOUT_MS"),
            connection_timeout: millis("PG_CONNECTION_TIMEOUT_MS"),
            statement_timeout: millis("PG_STATEMENT_TIMEOUT_MS"),
            migrate: settings.flag("PG_MIGRATE"),
            ..Self::new(Server::from_settings(settings, "PG_URL")?)
        })
    }

    /// Where the store is, for people. Never the password.
    #[must_use]
    pub fn location(&self) -> String {
        self.server.location()
    }
}

/// The password stays out of logs.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("location", &self.location()).finish_non_exhaustive()
    }
}
