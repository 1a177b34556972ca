//! What can go wrong between a caller and the daemon, in structured variants. Each says what was
//! wrong, with which value, and what to do next.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    settings::{SettingError, locations::LocationError},
};

/// Why the system did not let us at the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialCause {
    /// The socket, or the directory it is in, belongs to another user.
    OtherUser {
        /// That user's id.
        user_id: u32,
    },
    /// It is ours, and its permission bits forbid it.
    Mode {
        /// The path whose bits forbid it.
        path: PathBuf,
        /// The bits, as `0o600`.
        mode: u32,
    },
    /// It is ours and its bits allow it: something around this program forbids it.
    Sandbox,
}

impl fmt::Display for DenialCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherUser { user_id } => write!(
                f,
                "it belongs to the user with id {user_id}. Each user has a daemon of their own: set \
                 AGENT_MEMORY_SOCKET (or XDG_RUNTIME_DIR) to a place that is yours"
            ),
            Self::Mode { path, mode } => write!(
                f,
                "the permissions of {} are {mode:o}. Give its owner read, write and (for a directory) \
                 search permission",
                path.display()
            ),
            Self::Sandbox => f.write_str(
                "it is yours and its permissions allow it, so a sandbox around this program forbids it. \
                 Allow this socket there: Claude Code: sandbox.network.allowUnixSockets in settings.json; \
                 Codex: sandbox_workspace_write.network_access = true in config.toml; or set \
                 AGENT_MEMORY_SOCKET to a path that the sandbox allows",
            ),
        }
    }
}

/// A call, or the way to the daemon, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// A location cannot be told.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// A setting has a value that is not allowed.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Nobody listens on the socket, and the caller did not want a daemon started.
    #[error("no daemon is running: nobody listens on {}. Start it with `agent-memory daemon start`", .socket.display())]
    NotRunning {
        /// The socket.
        socket: PathBuf,
    },
    /// The daemon is stopping.
    #[error("the daemon on {} is stopping; try again in a moment", .socket.display())]
    Stopping {
        /// The socket.
        socket: PathBuf,
    },
    /// Something listens and does not answer the handshake.
    #[error(
        "something accepts connections on {} and did not answer the handshake within {} ms. If it is a hung \
         agent-memoryd, `agent-memory doctor` tells its process id", .socket.display(), .waited.as_millis()
    )]
    Unresponsive {
        /// The socket.
        socket: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The daemon could not be started.
    #[error(
        "the daemon {} did not start: {reason}{}", .program.display(), LogTail(.log_file, .tail)
    )]
    StartFailed {
        /// The executable.
        program: PathBuf,
        /// Its exit status, or why it could not even be run.
        reason: String,
        /// Where it logs.
        log_file: PathBuf,
        /// The last lines it logged.
        tail: Vec<String>,
    },
    /// The two sides share no protocol version.
    #[error(
        "the daemon (build {daemon_build}) speaks protocol {} to {}, this client (build {client_build}) {} to {}. {}",
        .daemon.0, .daemon.1, .client.0, .client.1, mismatch_advice(*.daemon, *.client)
    )]
    VersionMismatch {
        /// The daemon's build.
        daemon_build: String,
        /// Protocol versions the daemon speaks.
        daemon: (u16, u16),
        /// Our build.
        client_build: String,
        /// Protocol versions we speak.
        client: (u16, u16),
    },
    /// The daemon serves as many connections as it may.
    #[error(
        "the daemon has as many connections as it allows; close some, or raise AGENT_MEMORY_MAX_CONNECTIONS"
    )]
    TooManyConnections,
    /// The system did not let us at the socket.
    #[error("permission denied on {}: {cause}", .socket.display())]
    PermissionDenied {
        /// The socket.
        socket: PathBuf,
        /// Why.
        cause: DenialCause,
    },
    /// Another failure of the system.
    #[error("{doing} {}: {source}", .path.display())]
    Io {
        /// What we were doing, as `connecting to`.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection ended before the answer came. Whether a write was applied is unknown; the
    /// same idempotency key makes it safe to repeat.
    #[error("the connection to the daemon was lost: {reason}")]
    ConnectionLost {
        /// How it ended.
        reason: String,
    },
    /// The other side broke the protocol.
    #[error("the other side broke the protocol: {0}. Are client and daemon of the same release?")]
    Protocol(String),
    /// No answer came in time. Whether a write was applied is unknown.
    #[error("no answer within {} ms; give more time with --timeout", .after.as_millis())]
    DeadlineExceeded {
        /// How long we waited.
        after: Duration,
    },
    /// The daemon refused the request, or failed at it.
    #[error("{0}")]
    Refused(Box<ErrorBody>),
}

impl ClientError {
    /// The daemon's error body, for a refused request.
    #[must_use]
    pub const fn refusal(&self) -> Option<&ErrorBody> {
        match self {
            Self::Refused(body) => Some(body),
            _ => None,
        }
    }

    /// The error as one body, for programs: also failures on this side have a code.
    #[must_use]
    pub fn to_body(&self) -> ErrorBody {
        let code = match self {
            Self::Refused(body) => return body.as_ref().clone(),
            Self::Location(_) | Self::Setting(_) => ErrorCode::InvalidParameter,
            Self::NotRunning { .. }
            | Self::Stopping { .. }
            | Self::Unresponsive { .. }
            | Self::StartFailed { .. }
            | Self::Io { .. }
            | Self::ConnectionLost { .. } => ErrorCode::Unavailable,
            Self::VersionMismatch { .. } | Self::Protocol(_) => ErrorCode::VersionMismatch,
            Self::TooManyConnections => ErrorCode::Busy,
            Self::PermissionDenied { .. } => ErrorCode::PermissionDenied,
            Self::DeadlineExceeded { .. } => ErrorCode::DeadlineExceeded,
        };
        ErrorBody::new(code, self.to_string())
    }

    /// Whether a daemon that is just starting may be the reason.
    pub(crate) const fn may_be_a_start(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::Unresponsive { .. })
    }

    /// Whether a daemon is simply not there (yet), so that starting one helps.
    pub(crate) const fn is_absence(&self) -> bool {
        matches!(self, Self::NotRunning { .. } | Self::Stopping { .. })
    }
}

impl From<ErrorBody> for ClientError {
    fn from(body: ErrorBody) -> Self {
        Self::Refused(Box::new(body))
    }
}

struct LogTail<'a>(&'a Path, &'a [String]);

impl fmt::Display for LogTail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1.is_empty() {
            return Ok(());
        }
        write!(f, "\nlast lines of {}:", self.0.display())?;
        self.1.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

const fn mismatch_advice(daemon: (u16, u16), client: (u16, u16)) -> &'static str {
    if daemon.1 < client.0 {
        "The daemon is the older one: upgrade agent-memoryd, then run `agent-memory daemon restart`"
    } else {
        "This client is the older one: upgrade agent-memory"
    }
}

/// Finds out why the system refused the socket.
#[cfg(unix)]
pub(crate) fn denied(socket: &Path, _source: &io::Error) -> ClientError {
    use std::os::unix::fs::MetadataExt;

    let here = rustix::process::geteuid().as_raw();
    let owned = [socket.parent().map(Path::to_owned), Some(socket.to_owned())];
    let mut cause = DenialCause::Sandbox;
    for path in owned.into_iter().flatten() {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let needed = if metadata.is_dir() { 0o100 } else { 0o200 };
        let shared = metadata.is_dir() && metadata.mode() & 0o001 != 0;
        if metadata.uid() != here && !shared {
            cause = DenialCause::OtherUser { user_id: metadata.uid() };
            break;
        }
        if metadata.uid() == here && metadata.mode() & needed == 0 {
            cause = DenialCause::Mode { path, mode: metadata.mode() & 0o777 };
            break;
        }
    }
    ClientError::PermissionDenied { socket: socket.to_owned(), cause }
}

#[cfg(not(unix))]
pub(crate) fn denied(socket: &Path, _source: &io::Error) -> ClientError {
    ClientError::PermissionDenied { socket: socket.to_owned(), cause: DenialCause::Sandbox }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_says_which_side_to_upgrade() {
        let error = |daemon, client| {
            ClientError::VersionMismatch {
                daemon_build: "0.1.0".to_owned(),
                daemon,
                client_build: "2.0.0".to_owned(),
                client,
            }
            .to_string()
        };
        assert!(error((1, 1), (2, 3)).contains("upgrade agent-memoryd"));
        assert!(error((4, 5), (2, 3)).contains("upgrade agent-memory"));
        assert!(error((4, 5), (2, 3)).contains("build 0.1.0"));
    }

    #[test]
    fn a_failed_start_shows_what_was_logged() {
        let error = ClientError::StartFailed {
            program: "/bin/agent-memoryd".into(),
            reason: "it exited with code 1".to_owned(),
            log_file: "/d/logs/agent-memoryd.log".into(),
            tail: vec!["ERROR database is newer".to_owned()],
        };
        assert!(
            error
                .to_string()
                .ends_with("last lines of /d/logs/agent-memoryd.log:\n  ERROR database is newer")
        );
    }

    #[test]
    fn every_failure_has_a_code() {
        let lost = ClientError::ConnectionLost { reason: "end of stream".to_owned() };
        assert_eq!(lost.to_body().code, ErrorCode::Unavailable);
        let refused = ClientError::from(ErrorBody::not_found("project", "x"));
        assert_eq!(refused.to_body().code, ErrorCode::NotFound);
    }
}
