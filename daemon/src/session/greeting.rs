//! The handshake: settles the version before any message, within a bounded time.

use std::{sync::Arc, time::Duration};

use agent_memory_proto::{
    BUILD,
    handshake::{
        FLAG_LIFT_RATE_LIMITS, FLAG_MANAGED, FLAG_PROVES_NAMES, HANDSHAKE_BYTES, Hello, PROTOCOL_MAX,
        PROTOCOL_MIN, Purpose, Status, Welcome, negotiate,
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::{debug, warn};

use crate::{lifecycle::Phase, permissions::Credentials, services::Services, transport::Stream};

/// A peer that has not said hello by then is cut off.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) purpose: Purpose,
    pub(super) process_id: u32,
    pub(super) agent_id: String,
    /// What it has shown of who it is.
    pub(super) credentials: Arc<Credentials>,
    pub(super) limits_lifted: bool,
    /// The protocol version that both speak.
    pub(super) protocol: u16,
    /// Held as long as the connection is.
    pub(super) line: Arc<()>,
}

impl Peer {
    /// A look whether the daemon lives does not keep it alive.
    pub(super) fn keeps_alive(&self) -> bool {
        self.purpose != Purpose::Probe
    }
}

/// Reads the hello and answers it; `None` when the connection does not go on.
pub(super) async fn greet(stream: &Stream, services: &Services) -> Option<Peer> {
    match tokio::time::timeout(GREETING_TIMEOUT, exchange(stream, services)).await {
        Ok(Ok(peer)) => peer,
        Ok(Err(error)) => {
            debug!(%error, "no handshake");
            None
        }
        Err(_) => {
            warn!(timeout_ms = GREETING_TIMEOUT.as_millis(), "a peer that did not say hello was cut off");
            None
        }
    }
}

async fn exchange(mut stream: &Stream, services: &Services) -> std::io::Result<Option<Peer>> {
    let mut block = [0; HANDSHAKE_BYTES];
    stream.read_exact(&mut block).await?;
    let hello = match Hello::parse(&block) {
        Ok(hello) => hello,
        Err(error) => {
            warn!(%error, "refused a connection");
            return Ok(None);
        }
    };
    let connections = *services.counters.connections.borrow();
    let protocol = negotiate((PROTOCOL_MIN, PROTOCOL_MAX), (hello.protocol_min, hello.protocol_max));
    let status = match protocol {
        _ if services.shutdown.phase() > Phase::Running => Status::Stopping,
        None => Status::VersionMismatch,
        Some(_) if connections >= services.config.connections_max => Status::TooManyConnections,
        Some(_) => Status::Accepted,
    };
    let welcome = Welcome {
        status,
        flags: flags(services),
        protocol_min: PROTOCOL_MIN,
        protocol_max: PROTOCOL_MAX,
        protocol: protocol.filter(|_| status == Status::Accepted).unwrap_or(0),
        process_id: std::process::id(),
        build: BUILD.to_owned(),
        daemon_id: services.daemon_id.into(),
        frame_bytes_max: services.config.frame_bytes_max,
        other_connections: u32::try_from(connections).unwrap_or(u32::MAX),
    };
    stream.write_all(&welcome.to_bytes()).await?;
    if status != Status::Accepted {
        warn!(?status, build = hello.build, process = hello.process_id, "refused a connection");
        return Ok(None);
    }
    Ok(Some(Peer {
        purpose: hello.purpose,
        process_id: hello.process_id,
        credentials: Arc::new(Credentials::new(hello.process_id)),
        protocol: welcome.protocol,
        limits_lifted: hello.flags & FLAG_LIFT_RATE_LIMITS != 0,
        agent_id: hello.agent_id,
        line: Arc::default(),
    }))
}

fn flags(services: &Services) -> u8 {
    let managed = if services.managed { FLAG_MANAGED } else { 0 };
    managed | if services.config.proves_names { FLAG_PROVES_NAMES } else { 0 }
}
