//! How a connection is made and looked at, for each kind of Redis. What is lost is looked for again from
//! the beginning: who is the master now, which nodes are there now.

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use agent_memory_proto::settings::PREFIX;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, RedisError, RedisResult, TlsCertificates,
    aio::{ConnectionLike, MultiplexedConnection},
};
use tokio::time::timeout;

use super::{
    RedisOptions, cluster,
    connection::Connection,
    error,
    health::field,
    kind::{Kind, Place},
    sentinels,
};
use crate::{store::StoreError, supervisor::lock};

/// Commands that may wait to be sent.
const WAITING_MAX: usize = 1_024;

/// The way to Redis.
pub(super) struct Opening {
    pub(super) options: RedisOptions,
    pub(super) certificates: Option<TlsCertificates>,
    /// Where the last connection for commands led: one server, or the masters of the cluster.
    masters: Mutex<Vec<Place>>,
    /// Of the connections for events to a cluster, each is to the next node.
    turn: AtomicUsize,
}

impl Opening {
    /// Prepares to connect.
    ///
    /// # Errors
    /// `Unavailable` when the certificate authorities cannot be read.
    pub(super) fn new(options: &RedisOptions) -> Result<Self, StoreError> {
        if options.is_encrypted() {
            // Whoever was first has the same provider: it is the only one of this build.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        if options.is_unverified() {
            tracing::warn!(
                "{PREFIX}REDIS_TLS_REJECT_UNAUTHORIZED is 0: the certificate of the Redis server is not checked, so \
                 anybody in between can read and change everything"
            );
        }
        let root_cert = options.authorities.as_deref().map(authorities).transpose()?;
        let opening = Self {
            options: options.clone(),
            certificates: root_cert.map(|file| TlsCertificates { client_tls: None, root_cert: Some(file) }),
            masters: Mutex::default(),
            turn: AtomicUsize::new(0),
        };
        let unusable =
            |error: RedisError| StoreError::Unavailable(format!("Redis at {}: {error}", options.location()));
        opening.client(options.server.clone()).map_err(unusable)?;
        Ok(opening)
    }

    /// A connection for commands that can be used, and where it leads.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn commands(&self) -> Result<(Connection, Place), String> {
        let config = self.config().set_pipeline_buffer_size(WAITING_MAX);
        match &self.options.kind {
            Kind::Server => {
                let mut connection = self.to(self.options.server.clone(), &config).await?;
                self.ping(&mut connection).await?;
                self.is_alone(&mut connection).await?;
                Ok((Connection::One(connection), self.options.place()))
            }
            Kind::Sentinels { .. } => {
                let (connection, master) = sentinels::master(self, &config).await?;
                *lock(&self.masters) = vec![master.clone()];
                Ok((Connection::One(connection), master))
            }
            Kind::Cluster { nodes } => {
                let known = lock(&self.masters).clone();
                let mut connection = cluster::open(self, nodes, &known).await?;
                let masters = cluster::masters(self, &mut connection).await?;
                let place = masters.first().cloned().unwrap_or_else(|| self.options.place());
                *lock(&self.masters) = masters;
                Ok((Connection::Cluster(connection), place))
            }
        }
    }

    /// A connection of its own to a server that hears what is published.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn events(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, String> {
        if let Kind::Server = self.options.kind {
            return self.to(self.options.server.clone(), config).await;
        }
        let masters = lock(&self.masters).clone();
        if masters.is_empty() {
            return Err("no server that takes commands was found yet".to_owned());
        }
        let master = &masters[self.turn.fetch_add(1, Ordering::Relaxed) % masters.len()];
        self.to(self.options.at(master), config).await.map_err(|cause| format!("{master}: {cause}"))
    }

    /// Looks whether a connection still leads where it should.
    ///
    /// # Errors
    /// Why it is to be given up.
    pub(super) async fn look(&self, connection: &mut Connection, place: &Place) -> Result<(), String> {
        match (&self.options.kind, connection) {
            (Kind::Sentinels { .. }, Connection::One(connection)) => {
                sentinels::look(self, connection, place).await
            }
            (Kind::Cluster { .. }, Connection::Cluster(connection)) => {
                *lock(&self.masters) = cluster::masters(self, connection).await?;
                Ok(())
            }
            (_, connection) => self.ping(connection).await,
        }
    }

    /// How connections are made that do nothing else.
    pub(super) fn config(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.options.connect_timeout))
            .set_response_timeout(Some(self.options.response_timeout))
    }

    /// A connection to one server, made within the timeout of the settings.
    pub(super) async fn to(
        &self,
        server: ConnectionInfo,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, String> {
        let client = self.client(server).map_err(|error| error::told(&error))?;
        let limit = self.options.connect_timeout;
        self.within(limit, client.get_multiplexed_async_connection_with_config(config)).await
    }

    /// What comes of an attempt to connect that may take so long.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        opening: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, String> {
        match timeout(limit, opening).await {
            Ok(opened) => opened.map_err(|error| error::told(&error)),
            Err(_) => Err(format!("it took no connection within {} ms", limit.as_millis())),
        }
    }

    /// What is said about a command that failed.
    pub(super) fn told(&self, error: &RedisError) -> String {
        match error.is_timeout() {
            true => format!("it has not answered for {} ms", self.options.response_timeout.as_millis()),
            false => error::told(error),
        }
    }

    async fn ping(&self, connection: &mut impl ConnectionLike) -> Result<(), String> {
        redis::cmd("PING").exec_async(connection).await.map_err(|error| self.told(&error))
    }

    /// A node of a cluster knows a part of the keys only.
    async fn is_alone(&self, connection: &mut MultiplexedConnection) -> Result<(), String> {
        let asked = redis::cmd("INFO").arg("cluster").query_async::<String>(connection).await;
        // Who may not ask is not kept from using it.
        if !asked.is_ok_and(|facts| field(&facts, "cluster_enabled") == Some("1")) {
            return Ok(());
        }
        let facts = redis::cmd("CLUSTER").arg("INFO").query_async::<String>(connection).await;
        let facts = facts.map_err(|error| self.told(&error))?;
        match field(&facts, "cluster_size").and_then(|size| size.parse::<usize>().ok()) {
            Some(size) if size > 1 => Err(format!(
                "it is one of {size} masters of a cluster and has a part of the keys only; set {PREFIX}REDIS_CLUSTER=1"
            )),
            _ => Ok(()),
        }
    }

    fn client(&self, server: ConnectionInfo) -> RedisResult<Client> {
        match &self.certificates {
            Some(certificates) => Client::build_with_tls(server, certificates.clone()),
            None => Client::open(server),
        }
    }
}

/// What is in the file, which must hold at least one certificate.
fn authorities(file: &Path) -> Result<Vec<u8>, StoreError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let unreadable = |cause: String| {
        StoreError::Unavailable(format!(
            "{PREFIX}REDIS_TLS_CA={}: {cause}; it takes a PEM file with at least one certificate",
            file.display()
        ))
    };
    let text = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let first = CertificateDer::pem_slice_iter(&text).next();
    match first {
        Some(Ok(_)) => Ok(text),
        Some(Err(error)) => Err(unreadable(error.to_string())),
        None => Err(unreadable("there is no certificate in it".to_owned())),
    }
}
