//! What can be chosen about the PostgreSQL store.

use std::{path::PathBuf, time::Duration};

use agent_memory_proto::settings::Settings;
use tokio_postgres::Config;

/// Settings of the store.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where and as whom to connect: host, port, database, user, password.
    pub server: Config,
    /// Where the connection for events goes; `None` takes `server`.
    pub events_server: Option<Config>,
    /// Encryption.
    pub tls: Tls,
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
}

/// How connections over a network are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    #[default]
    Off,
    /// Certificate and host name are checked, against the authorities of the file or the system.
    Verified {
        /// A PEM file.
        authorities: Option<PathBuf>,
    },
    /// Any certificate will do.
    Unverified,
}

impl PostgresOptions {
    /// The defaults for a server.
    #[must_use]
    pub fn new(server: Config) -> Self {
        Self {
            server,
            events_server: None,
            tls: Tls::Off,
            pool_min: 2,
            pool_max: 10,
            idle_timeout: Duration::from_secs(30),
            connection_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            migrate: true,
            waiting_max: 4_096,
        }
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When an address cannot be read; the text names the setting and never its value, which may
    /// hold a password.
    pub fn from_settings(settings: &Settings) -> Result<Self, String> {
        let number = |name| u32::try_from(settings.number(name)).unwrap_or(u32::MAX);
        let millis = |name| Duration::from_millis(settings.number(name));
        let tls = match (settings.flag("PG_SSL"), settings.flag("PG_SSL_REJECT_UNAUTHORIZED")) {
            (false, _) => Tls::Off,
            (true, true) => Tls::Verified { authorities: settings.text("PG_SSL_CA").map(PathBuf::from) },
            (true, false) => Tls::Unverified,
        };
        let (pool_min, pool_max) = (number("PG_POOL_MIN"), number("PG_POOL_MAX"));
        if pool_min > pool_max {
            return Err(format!(
                "AGENT_MEMORY_PG_POOL_MIN={pool_min} is more than AGENT_MEMORY_PG_POOL_MAX={pool_max}; \
                 lower the first or raise the second"
            ));
        }
        Ok(Self {
            server: address(settings, "PG_URL")?
                .map_or_else(|| filled(Config::new(), settings), |url| filled(url, settings)),
            events_server: address(settings, "PG_EVENTS_URL")?.map(|url| filled(url, settings)),
            tls,
            pool_min,
            pool_max,
            idle_timeout: millis("PG_IDLE_TIMEOUT_MS"),
            connection_timeout: millis("PG_CONNECTION_TIMEOUT_MS"),
            statement_timeout: millis("PG_STATEMENT_TIMEOUT_MS"),
            migrate: settings.flag("PG_MIGRATE"),
            ..Self::new(Config::new())
        })
    }

    /// Where the store is, for people: `postgresql://host:port/database`. Never the password.
    #[must_use]
    pub fn location(&self) -> String {
        location(&self.server)
    }
}

/// The address that a setting holds.
fn address(settings: &Settings, name: &str) -> Result<Option<Config>, String> {
    let Some(url) = settings.text(name) else { return Ok(None) };
    let parsed: Result<Config, _> = url.parse();
    parsed.map(Some).map_err(|error| {
        format!("AGENT_MEMORY_{name} cannot be read ({error}); it takes postgres://user:password@host:port/database")
    })
}

/// Fills in what an address leaves out.
fn filled(mut server: Config, settings: &Settings) -> Config {
    if server.get_hosts().is_empty() {
        server.host(settings.text("PG_HOST").unwrap_or("localhost"));
    }
    if server.get_ports().is_empty() {
        server.port(u16::try_from(settings.number("PG_PORT")).unwrap_or(5432));
    }
    if server.get_dbname().is_none() {
        server.dbname(settings.text("PG_DATABASE").unwrap_or_default());
    }
    if server.get_user().is_none() {
        server.user(settings.text("PG_USER").unwrap_or_default());
    }
    if let (None, Some(password)) = (server.get_password(), settings.text("PG_PASSWORD")) {
        server.password(password);
    }
    server
}

/// Where a server is, for people.
pub(super) fn location(server: &Config) -> String {
    use tokio_postgres::config::Host;
    let host = match server.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(directory)) => directory.display().to_string(),
        #[cfg(not(unix))]
        Some(_) => String::new(),
        None => "localhost".to_owned(),
    };
    let port = server.get_ports().first().copied().unwrap_or(5432);
    format!("postgresql://{host}:{port}/{}", server.get_dbname().unwrap_or_default())
}

/// The password stays out of logs.
impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("location", &self.location()).finish_non_exhaustive()
    }
}
