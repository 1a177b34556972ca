//! From options to a connection: handshake, hand-over from an older daemon, and the start of one
//! when nobody answers.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use agent_memory_proto::{
    BUILD, Request, Response,
    handshake::{self, FLAG_LIFT_RATE_LIMITS, Hello, Purpose, Status, Welcome},
    request::{Authenticate, HandOver},
};

use crate::{
    call::CallOptions, client::Client, error::ClientError, locations::Locations, start, transport,
    version::is_older,
};

/// How long an older daemon may take to go away once it agreed to.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(15);

/// What happens when nobody answers on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartPolicy {
    /// A daemon is started, and clients that do so at once converge on one.
    Auto,
    /// [`ClientError::NotRunning`].
    Never,
}

/// The token of an agent, from `agent-memory agent register`. Never shown.
#[derive(Clone)]
pub struct AgentToken(String);

impl AgentToken {
    /// Takes a token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        Self(token.to_owned())
    }
}

impl fmt::Debug for AgentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentToken(secret)")
    }
}

/// How to connect.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// The daemon's socket.
    pub socket: PathBuf,
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Where a daemon that is started here logs to.
    pub log_file: PathBuf,
    /// The settings file that a daemon started here reads, when it exists.
    pub config_file: Option<PathBuf>,
    /// The daemon's executable; beside this one, else on PATH, when not given.
    pub daemon_program: Option<PathBuf>,
    /// What happens when nobody answers.
    pub start: StartPolicy,
    /// How long a daemon that was started may take until it answers.
    pub start_timeout: Duration,
    /// Deadline of calls that name none.
    pub request_timeout: Duration,
    /// Why we connect.
    pub purpose: Purpose,
    /// The agent that calls speak for when they name none; empty for none.
    pub agent_id: String,
    /// Proves the agent's name to a daemon that asks for that.
    pub agent_token: Option<AgentToken>,
    /// Our build. An idle older daemon is asked to make room for it.
    pub build: String,
    /// Protocol versions that we speak.
    pub protocol: (u16, u16),
    /// Whether the rate limits are lifted for this connection.
    pub lift_rate_limits: bool,
}

impl ConnectOptions {
    /// Options for the daemon of these locations.
    #[must_use]
    pub fn new(locations: &Locations, purpose: Purpose) -> Self {
        let settings = &locations.settings;
        Self {
            socket: locations.socket.clone(),
            data_dir: locations.data_dir.clone(),
            log_file: locations.log_file.clone(),
            config_file: locations.config_file_exists.then(|| locations.config_file.clone()),
            daemon_program: settings.text("DAEMON").map(PathBuf::from),
            start: StartPolicy::Auto,
            start_timeout: Duration::from_millis(settings.number("START_TIMEOUT_MS")),
            request_timeout: Duration::from_millis(settings.number("REQUEST_TIMEOUT_MS")),
            purpose,
            agent_id: settings.text("AGENT").unwrap_or_default().to_owned(),
            agent_token: settings.text("AGENT_TOKEN").map(AgentToken::new),
            build: BUILD.to_owned(),
            protocol: (handshake::PROTOCOL_MIN, handshake::PROTOCOL_MAX),
            lift_rate_limits: false,
        }
    }

    /// Options for the daemon of the environment.
    ///
    /// # Errors
    /// As [`Locations::resolve`].
    pub fn from_environment(purpose: Purpose) -> Result<Self, ClientError> {
        Ok(Self::new(&Locations::resolve(None, None)?, purpose))
    }

    /// Never starts a daemon.
    #[must_use]
    pub const fn without_start(mut self) -> Self {
        self.start = StartPolicy::Never;
        self
    }

    fn hello(&self) -> Hello {
        Hello {
            protocol_min: self.protocol.0,
            protocol_max: self.protocol.1,
            purpose: self.purpose,
            flags: if self.lift_rate_limits { FLAG_LIFT_RATE_LIMITS } else { 0 },
            process_id: std::process::id(),
            build: self.build.clone(),
            agent_id: self.agent_id.clone(),
        }
    }
}

/// Looks whether a daemon lives, without keeping it alive or starting one.
///
/// # Errors
/// [`ClientError::NotRunning`] when there is none, else what is wrong with it.
pub async fn probe(options: &ConnectOptions) -> Result<Welcome, ClientError> {
    let hello = Hello { purpose: Purpose::Probe, ..options.hello() };
    let (_, _, welcome) = open(options, &hello).await?;
    Ok(welcome)
}

/// Opens the socket; when nobody listens there, the one that the holder of the data directory
/// wrote down: a daemon that was started in another environment (without `XDG_RUNTIME_DIR`, by a
/// service manager) serves the same store. It is a hint; only the handshake counts.
async fn open(
    options: &ConnectOptions,
    hello: &Hello,
) -> Result<(transport::ReadHalf, transport::WriteHalf, Welcome), ClientError> {
    let result = transport::open(&options.socket, hello).await;
    if let Err(ClientError::NotRunning { .. }) = result
        && let Some(other) = holder(&options.data_dir).and_then(|words| socket_of(&words))
        && other != options.socket
    {
        return transport::open(&other, hello).await.or(result);
    }
    result
}

/// What the daemon that holds (or held) the data directory wrote about itself: a courtesy for
/// people, never a proof that it lives.
#[must_use]
pub fn holder(data_dir: &Path) -> Option<String> {
    let words = std::fs::read_to_string(data_dir.join("daemon.lock")).ok()?;
    Some(words.trim().to_owned()).filter(|words| !words.is_empty())
}

fn socket_of(holder: &str) -> Option<PathBuf> {
    holder.split_once(", socket ").map(|(_, socket)| PathBuf::from(socket)).filter(|path| path.is_absolute())
}

pub(crate) async fn connect(options: &ConnectOptions) -> Result<Client, ClientError> {
    match attempt(options).await {
        Ok(client) if wants_hand_over(options, client.welcome()) => hand_over(client, options).await,
        Err(error) if error.is_absence() && options.start == StartPolicy::Auto => start::start(options).await,
        other => other,
    }
}

/// One handshake; starts nothing.
pub(crate) async fn attempt(options: &ConnectOptions) -> Result<Client, ClientError> {
    let (reader, writer, welcome) = open(options, &options.hello()).await?;
    match welcome.status {
        Status::Accepted => {
            let client = Client::spawn(reader, writer, welcome, options.request_timeout);
            authenticate(client, options).await
        }
        Status::Stopping => Err(ClientError::Stopping { socket: options.socket.clone() }),
        Status::TooManyConnections => Err(ClientError::TooManyConnections),
        Status::VersionMismatch => Err(ClientError::VersionMismatch {
            daemon_build: welcome.build,
            daemon: (welcome.protocol_min, welcome.protocol_max),
            client_build: options.build.clone(),
            client: options.protocol,
        }),
    }
}

/// Proves the agent's name, where the daemon asks for that and there is a token, before anything else is sent.
async fn authenticate(client: Client, options: &ConnectOptions) -> Result<Client, ClientError> {
    let Some(token) = options.agent_token.as_ref().filter(|_| client.welcome().proves_names()) else {
        return Ok(client);
    };
    let request = Request::Authenticate(Authenticate { token: token.0.clone() });
    match client.call(request, CallOptions::default()).await?.response {
        // A name that the user set is insisted on, though it may be another.
        Response::Authenticated(who) if options.agent_id.is_empty() => Ok(client.speaking_for(&who.agent_id)),
        Response::Authenticated(_) => Ok(client),
        _ => Err(ClientError::Protocol("a token was answered with something else".to_owned())),
    }
}

fn wants_hand_over(options: &ConnectOptions, welcome: &Welcome) -> bool {
    options.start == StartPolicy::Auto
        && !welcome.is_managed()
        && welcome.other_connections == 0
        && is_older(&welcome.build, &options.build)
}

/// Asks the older daemon to go, waits until it has, and starts our own. One that refuses is used
/// as it is. The new one is not asked again, should it be old as well.
async fn hand_over(client: Client, options: &ConnectOptions) -> Result<Client, ClientError> {
    let request = Request::HandOver(HandOver { build: options.build.clone() });
    match client.call(request, CallOptions::default()).await {
        Ok(_) | Err(ClientError::ConnectionLost { .. }) => {
            tracing::info!(older = %client.welcome().build, newer = %options.build, "the older daemon makes room");
            // Its data directory is free when its process is gone; start() waits for that.
            let _ = tokio::time::timeout(HAND_OVER_TIMEOUT, client.closed()).await;
            drop(client);
            start::start(options).await
        }
        Err(ClientError::Refused(_)) => Ok(client),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::handshake::FLAG_MANAGED;

    use super::*;

    fn options(build: &str) -> ConnectOptions {
        let locations = Locations::resolve(Some("/nowhere".as_ref()), Some("/nowhere.sock".as_ref()));
        let mut options = ConnectOptions::new(&locations.expect("resolves"), Purpose::Library);
        build.clone_into(&mut options.build);
        options
    }

    fn welcome(build: &str, flags: u8, other_connections: u32) -> Welcome {
        let block = [0; handshake::HANDSHAKE_BYTES];
        let mut block = block;
        block[..4].copy_from_slice(&handshake::MAGIC);
        let parsed = Welcome::parse(&block).expect("parses");
        Welcome { build: build.to_owned(), flags, other_connections, ..parsed }
    }

    #[test]
    fn the_holder_tells_its_socket() {
        let words = "process 7, build 0.1.0, socket /run/a b.sock";
        assert_eq!(socket_of(words), Some("/run/a b.sock".into()));
        assert_eq!(socket_of("it is just starting"), None);
    }

    #[test]
    fn only_an_idle_unmanaged_older_daemon_is_asked_to_make_room() {
        let ours = options("0.2.0");
        assert!(wants_hand_over(&ours, &welcome("0.1.9", 0, 0)));
        assert!(!wants_hand_over(&ours, &welcome("0.2.0", 0, 0)));
        assert!(!wants_hand_over(&ours, &welcome("0.1.9", FLAG_MANAGED, 0)));
        assert!(!wants_hand_over(&ours, &welcome("0.1.9", 0, 1)));
        assert!(!wants_hand_over(&ours.without_start(), &welcome("0.1.9", 0, 0)));
    }
}
