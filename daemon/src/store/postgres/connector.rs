//! Makes connections: to the server itself, or to a pooler before it, which is found out by asking.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, Socket,
    config::SslMode,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    connection::Connection,
    error::{During, chain, of_driver},
    options::{PostgresOptions, Tls},
    tls,
};
use crate::store::StoreError;

/// What a session of our own is known by: a setting that only the connection it was made on has.
const MARK: &str = "agent_memory.connection";

/// Makes connections to one server.
pub(super) struct Connector {
    server: Config,
    encryption: Option<MakeRustlsConnect>,
    statement_timeout: Duration,
    connected: AtomicU64,
    /// A pooler that gives each transaction another connection stands in between.
    is_pooled: AtomicBool,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads the certificate authorities, if they are needed.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be read.
    pub(super) fn new(options: &PostgresOptions, server: &Config) -> Result<Self, StoreError> {
        let mut server = server.clone();
        server
            .application_name("agent-memoryd")
            .connect_timeout(options.connection_timeout)
            .tcp_user_timeout(options.connection_timeout)
            .keepalives_idle(Duration::from_secs(30))
            .ssl_mode(if options.tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
        Ok(Self {
            server,
            encryption: tls::connector(&options.tls)?,
            statement_timeout: options.statement_timeout,
            connected: AtomicU64::new(0),
            is_pooled: AtomicBool::new(false),
        })
    }

    /// Whether a pooler in transaction mode stands in between, as far as is known.
    pub(super) fn is_pooled(&self) -> bool {
        self.is_pooled.load(Ordering::Relaxed)
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// `Unavailable` with the cause.
    pub(super) async fn connect(&self) -> Result<Connection, StoreError> {
        let (client, keeps_state) = self.open(drop).await?;
        Ok(Connection::new(client, keeps_state, self.answer_timeout()))
    }

    /// Makes a connection for what the server tells of its own accord, which is handed to `on_message`
    /// on the connection's task. The client tells whether the session is one of its own.
    ///
    /// # Errors
    /// `Unavailable` with the cause.
    pub(super) async fn open(
        &self,
        on_message: impl FnMut(AsyncMessage) + Send + Clone + 'static,
    ) -> Result<(Client, bool), StoreError> {
        let token = format!("{}-{}", std::process::id(), self.connected.fetch_add(1, Ordering::Relaxed));
        let mut marked = self.server.clone();
        marked.options(format!(
            "-c {MARK}={token} -c statement_timeout={} -c idle_in_transaction_session_timeout={}",
            self.statement_timeout.as_millis(),
            self.statement_timeout.as_millis().saturating_mul(2),
        ));
        let client = match self.open_with(&marked, on_message.clone()).await {
            Ok(client) => client,
            Err(error) if refuses_options(&error) => self.open_with(&self.server, on_message).await?,
            Err(error) => return Err(error),
        };
        let found = client
            .query_typed("SELECT current_setting($1, true)", &[(&MARK, tokio_postgres::types::Type::TEXT)]);
        let found = tokio::time::timeout(self.answer_timeout(), found)
            .await
            .map_err(|_| {
                StoreError::Unavailable("the server took the connection and does not answer".to_owned())
            })?
            .map_err(|error| of_driver(&error, During::Work))?;
        let mark: Option<String> = found.first().and_then(|row| row.get(0));
        let is_own = mark.as_deref() == Some(token.as_str());
        if !is_own && !self.is_pooled.swap(true, Ordering::Relaxed) {
            tracing::info!("a pooler stands before the server: statements are not kept prepared");
        }
        Ok((client, is_own))
    }

    /// Longer than a statement may take on the server: what is over by then is lost.
    fn answer_timeout(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(2)
    }

    async fn open_with(
        &self,
        server: &Config,
        on_message: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<Client, StoreError> {
        match &self.encryption {
            Some(encryption) => start(server, encryption.clone(), on_message).await,
            None => start(server, NoTls, on_message).await,
        }
    }
}

async fn start<T>(
    server: &Config,
    tls: T,
    mut on_message: impl FnMut(AsyncMessage) + Send + 'static,
) -> Result<Client, StoreError>
where
    T: MakeTlsConnect<Socket> + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, mut connection) = server.connect(tls).await.map_err(|error| refused(&error))?;
    tokio::spawn(async move {
        while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(message) => on_message(message),
                Err(error) => {
                    tracing::debug!(error = chain(&error), "a connection ended");
                    return;
                }
            }
        }
    });
    Ok(client)
}

/// Why there is no connection, with what to do about it.
fn refused(error: &tokio_postgres::Error) -> StoreError {
    let text = chain(error);
    let code = error.code().map(tokio_postgres::error::SqlState::code);
    let hint = match code {
        Some("28P01" | "28000") => {
            "; check AGENT_MEMORY_PG_USER and AGENT_MEMORY_PG_PASSWORD (or the password file), and pg_hba.conf"
        }
        Some("3D000") => "; create the database, or set AGENT_MEMORY_PG_DATABASE",
        Some("53300") => "; lower AGENT_MEMORY_PG_POOL_MAX or raise max_connections of the server",
        Some(_) => "",
        None => {
            "; check that the server runs, and AGENT_MEMORY_PG_HOST, AGENT_MEMORY_PG_PORT and AGENT_MEMORY_PG_SSL"
        }
    };
    let code = code.map_or_else(String::new, |code| format!(" (SQLSTATE {code})"));
    StoreError::Unavailable(format!("cannot connect: {text}{code}{hint}"))
}

/// Poolers take only the options that they know.
fn refuses_options(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(text) if text.contains("startup parameter"))
}
