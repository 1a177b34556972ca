//! Makes connections: to the server itself, or to a pooler before it, which is found out by asking.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio_postgres::{
    AsyncMessage, CancelToken, Client, Config, NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
    types::Type,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    connection::Connection,
    error::{During, chain, of_driver},
    options::PostgresOptions,
    refusal,
    server::{Place, Server},
    tls,
};
use crate::{store::StoreError, supervisor::lock};

/// What a session of our own is known by: a setting that only the connection it was made on has.
const MARK: &str = "agent_memory.connection";
/// After this long without a word the system asks whether the server is still there.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Makes connections to one server.
pub(super) struct Connector {
    server: Server,
    encryption: Option<MakeRustlsConnect>,
    connection_timeout: Duration,
    statement_timeout: Duration,
    connected: AtomicU64,
    /// A pooler that gives each transaction another connection stands in between.
    is_pooled: AtomicBool,
    /// What was last said about the password file, so that it is not said at every connection.
    password_file_warning: Mutex<String>,
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
    pub(super) fn new(options: &PostgresOptions, server: &Server) -> Result<Self, StoreError> {
        Ok(Self {
            server: server.clone(),
            encryption: tls::connector(&server.tls)?,
            connection_timeout: options.connection_timeout,
            statement_timeout: options.statement_timeout,
            connected: AtomicU64::new(0),
            is_pooled: AtomicBool::new(false),
            password_file_warning: Mutex::default(),
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
        let mut failed: Option<StoreError> = None;
        for place in &self.server.places {
            let attempt = self.open_at(place, on_message.clone());
            let error = match tokio::time::timeout(self.connection_timeout, attempt).await {
                Ok(Ok(opened)) => return Ok(opened),
                Ok(Err(error)) => error,
                Err(_) => refusal::no_answer(place, self.connection_timeout),
            };
            failed = Some(refusal::both(failed, error));
        }
        Err(failed.unwrap_or_else(|| StoreError::Unavailable("no host is named".to_owned())))
    }

    async fn open_at(
        &self,
        place: &Place,
        on_message: impl FnMut(AsyncMessage) + Send + Clone + 'static,
    ) -> Result<(Client, bool), StoreError> {
        let (mut server, password) = self.server.config_for(place);
        self.warn_of_password_file(password.as_ref().err());
        server.tcp_user_timeout(self.connection_timeout).keepalives_idle(KEEPALIVE_IDLE);
        if server.get_connect_timeout().is_none() {
            server.connect_timeout(self.connection_timeout);
        }
        let mark = format!("{}-{}", std::process::id(), self.connected.fetch_add(1, Ordering::Relaxed));
        let marked = self.marked(&server, &mark);
        let client = match self.open_with(&marked, on_message.clone()).await {
            Ok(client) => client,
            Err(error) if refusal::is_of_options(&error) => self
                .open_with(&server, on_message)
                .await
                .map_err(|error| refusal::explain(&error, &self.server, place, &password))?,
            Err(error) => return Err(refusal::explain(&error, &self.server, place, &password)),
        };
        let found = client
            .query_typed("SELECT current_setting($1, true), pg_is_in_recovery()", &[(&MARK, Type::TEXT)])
            .await
            .map_err(|error| of_driver(&error, During::Work))?;
        let (found, is_standby) = match found.first() {
            Some(row) => (row.get::<_, Option<String>>(0), row.get(1)),
            None => (None, false),
        };
        if is_standby {
            return Err(refusal::standby(place));
        }
        let is_own = found.as_deref() == Some(mark.as_str());
        if !is_own && !self.is_pooled.swap(true, Ordering::Relaxed) {
            tracing::info!("a pooler stands before the server: statements are not kept prepared");
        }
        Ok((client, is_own))
    }

    /// With what only a session of our own would keep, beside the options that the address asks for.
    fn marked(&self, server: &Config, mark: &str) -> Config {
        let mut marked = server.clone();
        let asked_for = server.get_options().map(|options| format!("{options} ")).unwrap_or_default();
        marked.options(format!(
            "{asked_for}-c {MARK}={mark} -c statement_timeout={} -c idle_in_transaction_session_timeout={}",
            self.statement_timeout.as_millis(),
            self.statement_timeout.as_millis().saturating_mul(2),
        ));
        marked
    }

    fn warn_of_password_file(&self, warning: Option<&String>) {
        let warning = warning.cloned().unwrap_or_default();
        let mut last = lock(&self.password_file_warning);
        if *last != warning && !warning.is_empty() {
            tracing::warn!("{warning}");
        }
        *last = warning;
    }

    /// Asks the server to stop what a connection does, encrypted as that connection is.
    pub(super) async fn cancel(&self, token: CancelToken) {
        let cancelled = async {
            match &self.encryption {
                Some(encryption) => token.cancel_query(encryption.clone()).await,
                None => token.cancel_query(NoTls).await,
            }
        };
        match tokio::time::timeout(self.connection_timeout, cancelled).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(error = chain(&error), "a statement could not be cancelled");
            }
            Err(_) => tracing::debug!("a statement could not be cancelled: no answer"),
        }
    }

    /// Longer than a statement may take on the server: what is over by then is lost.
    fn answer_timeout(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(2)
    }

    async fn open_with(
        &self,
        server: &Config,
        on_message: impl FnMut(AsyncMessage) + Send + 'static,
    ) -> Result<Client, tokio_postgres::Error> {
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
) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket> + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, mut connection) = server.connect(tls).await?;
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
