//! The one mapping from the driver's errors to those of a store.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::StoreError;

/// What became of a command.
pub(super) fn of(error: &RedisError) -> StoreError {
    let text = told(error);
    if is_of_the_connection(error) || is_of_the_moment(error) {
        StoreError::Unavailable(text)
    } else {
        StoreError::Other(text)
    }
}

/// Whether a cluster is moving the keys of the command from one master to another just now.
fn is_of_the_moment(error: &RedisError) -> bool {
    let ErrorKind::Server(kind) = error.kind() else { return false };
    matches!(kind, ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain)
}

/// Whether the connection is of no use any more, or the server behind it.
pub(super) fn is_of_the_connection(error: &RedisError) -> bool {
    if error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
        return true;
    }
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Parse => true,
        // The server cannot serve anybody now, or it has become a replica.
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
        ),
        _ => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
    }
}

/// What happened, with what mends it where that is known.
pub(super) fn told(error: &RedisError) -> String {
    let mend = match (error.kind(), error.code()) {
        (ErrorKind::RESP3NotSupported, _) => "; Redis 6 or newer is needed, or Valkey",
        (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
            "; set AGENT_MEMORY_REDIS_PASSWORD, and AGENT_MEMORY_REDIS_USERNAME for a user of the access list"
        }
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
            "; the user of AGENT_MEMORY_REDIS_USERNAME needs the rights of docs/guides/redis.md"
        }
        _ if error.to_string().contains("cluster support disabled") => {
            "; it is no node of a cluster: set AGENT_MEMORY_REDIS_CLUSTER=0, or name one that is"
        }
        _ => "",
    };
    format!("{error}{mend}")
}
