//! What a store can refuse, and the one mapping from it to the wire.

use std::io;

use agent_memory_proto::{ErrorBody, ErrorCode, response::ImportOutcome};

/// Why a store did not do what was asked. Drivers' errors are mapped to this at the store's edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The caller named something that is not there, gave a taken name, or a stale version: the
    /// store is fine, and the body says it all.
    #[error("{0}")]
    Refused(Box<ErrorBody>),
    /// The write was taken back on purpose, and this is its answer: nothing was stored.
    #[error("nothing was imported")]
    TakenBack(Box<ImportOutcome>),
    /// A queue is full; nothing was done.
    #[error("{queue} is full")]
    Busy {
        /// Which queue.
        queue: &'static str,
    },
    /// The deadline passed before or while the work was done; nothing was written.
    #[error("the deadline passed")]
    DeadlineExceeded,
    /// The file system has no room; nothing was written.
    #[error("no space left: {0}")]
    DiskFull(String),
    /// The store cannot be written to: permissions, a read-only file system; nothing was written.
    #[error("the store is read-only: {0}")]
    ReadOnly(String),
    /// The store is damaged.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// Another program holds a lock on the store; nothing was written.
    #[error("another program holds a lock on the store: {0}")]
    Locked(String),
    /// Other writers got in between again and again; nothing was written.
    #[error("other writers got in between: {0}")]
    Contended(String),
    /// The store cannot be reached or opened, or the daemon is stopping; nothing was written.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The service behind the store failed too often and is left alone for now; nothing was done.
    #[error("{service} is away, its circuit breaker is {state}; the last failure: {cause}")]
    BreakerOpen {
        /// The service.
        service: &'static str,
        /// How the breaker stands.
        state: &'static str,
        /// When the service is tried again.
        retry_after_ms: u64,
        /// The last failure.
        cause: String,
    },
    /// The work was lost inside the daemon by a crash of an actor. It may have been applied.
    #[error("the work was lost: {0}")]
    Lost(String),
    /// The server went away while it stored something, and nobody knows whether it did.
    #[error("it is not known whether this was stored: {0}")]
    Unsettled(String),
    /// Anything else that the driver said.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// A refusal with its body.
    #[must_use]
    pub fn refused(body: ErrorBody) -> Self {
        Self::Refused(Box::new(body))
    }

    /// What the file system said, after what it was asked for.
    #[must_use]
    pub fn of_file_system(what: &str, error: &io::Error) -> Self {
        let text = format!("{what}: {error}");
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(text),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(text),
            _ => Self::Other(text),
        }
    }

    /// Whether the work was certainly not applied, so that it may be repeated without a key.
    #[must_use]
    pub const fn is_certainly_not_applied(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::TakenBack(_)
            | Self::Busy { .. }
            | Self::DeadlineExceeded
            | Self::DiskFull(_)
            | Self::ReadOnly(_)
            | Self::Locked(_)
            | Self::Contended(_)
            | Self::Unavailable(_)
            | Self::BreakerOpen { .. } => true,
            Self::Corrupt(_) | Self::Lost(_) | Self::Unsettled(_) | Self::Other(_) => false,
        }
    }
}

const BUSY_RETRY_AFTER_MS: u64 = 50;
const LOCKED_RETRY_AFTER_MS: u64 = 1_000;

impl From<StoreError> for ErrorBody {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Refused(body) => *body,
            StoreError::TakenBack(_) => Self::new(ErrorCode::Conflict, text),
            StoreError::Busy { .. } => Self::new(ErrorCode::Busy, text)
                .with_retry_after_ms(BUSY_RETRY_AFTER_MS)
                .with_suggestion("Nothing was stored; send the same request again"),
            StoreError::DeadlineExceeded => Self::new(ErrorCode::DeadlineExceeded, text)
                .with_suggestion("Nothing was stored; ask for less or allow more time"),
            StoreError::DiskFull(_) => Self::new(ErrorCode::Database, text).with_suggestion(
                "Nothing was stored; free space on the file system of the data directory (of the server, with PostgreSQL), then repeat the request",
            ),
            StoreError::ReadOnly(_) => Self::new(ErrorCode::Database, text).with_suggestion(
                "Nothing was stored; make the data directory and its files writable for the daemon's user, or the PostgreSQL database for its role",
            ),
            StoreError::Corrupt(_) => Self::new(ErrorCode::Database, text)
                .with_suggestion("Run `agent-memory doctor`; restore a backup if it confirms the damage"),
            StoreError::Locked(_) => Self::new(ErrorCode::Database, text)
                .with_retry_after_ms(LOCKED_RETRY_AFTER_MS)
                .with_suggestion("Nothing was stored; close the other program that has the database open"),
            StoreError::Contended(_) => Self::new(ErrorCode::Busy, text)
                .with_retry_after_ms(BUSY_RETRY_AFTER_MS)
                .with_suggestion("Nothing was stored; send the same request again"),
            StoreError::Unavailable(_) => Self::new(ErrorCode::Unavailable, text)
                .with_retry_after_ms(LOCKED_RETRY_AFTER_MS)
                .with_suggestion("Nothing was stored; repeat the request"),
            StoreError::BreakerOpen { retry_after_ms, .. } => Self::new(ErrorCode::Unavailable, text)
                .with_retry_after_ms(retry_after_ms)
                .with_suggestion(
                    "Nothing was stored; repeat the request later. The daemon tries the service again by itself",
                ),
            StoreError::Lost(_) => Self::new(ErrorCode::Internal, text).with_suggestion(
                "Repeat the request with the same idempotency key: it is applied once at most",
            ),
            StoreError::Unsettled(_) => Self::new(ErrorCode::Internal, text)
                .with_retry_after_ms(LOCKED_RETRY_AFTER_MS)
                .with_suggestion(
                    "Repeat the request with the same idempotency key: it is applied once at most; without a key, look first",
                ),
            StoreError::Other(_) => {
                Self::new(ErrorCode::Database, text).with_suggestion("See the daemon's log for the cause")
            }
        }
    }
}
