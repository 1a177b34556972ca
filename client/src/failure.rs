//! A failed command: its exit code, and what stderr says.

use agent_memory_client::{ClientError, render};
use agent_memory_proto::{ErrorBody, ErrorCode};

/// Something failed.
pub(crate) const EXIT_FAILURE: u8 = 1;
/// The command was called in a wrong way.
pub(crate) const EXIT_USAGE: u8 = 2;
/// The daemon is not running, or cannot answer now.
pub(crate) const EXIT_UNAVAILABLE: u8 = 3;
/// What was named does not exist.
pub(crate) const EXIT_NOT_FOUND: u8 = 4;
/// The daemon refused.
pub(crate) const EXIT_REFUSED: u8 = 5;

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: u8,
    /// What is told; nothing for a command that has told it already.
    pub(crate) body: Option<Box<ErrorBody>>,
}

impl Failure {
    /// The command was called in a wrong way.
    pub(crate) fn usage(body: ErrorBody) -> Self {
        Self { exit: EXIT_USAGE, body: Some(Box::new(body)) }
    }

    /// Something failed on this side.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self { exit: EXIT_FAILURE, body: Some(Box::new(ErrorBody::new(ErrorCode::Internal, message))) }
    }

    /// The command has printed what there is to say.
    pub(crate) const fn told(exit: u8) -> Self {
        Self { exit, body: None }
    }

    /// The daemon answered with something else than the request asks for.
    pub(crate) fn unexpected(request: &str) -> Self {
        let reason = format!("the answer to {request} is of another kind");
        ClientError::Protocol(reason).into()
    }

    /// Prints to stderr: lines for people, or one JSON object.
    pub(crate) fn print(&self, as_json: bool) {
        let Some(body) = &self.body else { return };
        if as_json {
            eprintln!("{}", render::error(body));
            return;
        }
        eprintln!("error: {} ({} {})", body.message, body.code.text(), body.code.name());
        for (label, part) in [
            ("field", &body.field),
            ("value", &body.value),
            ("allowed", &body.allowed),
            ("next", &body.suggestion),
        ] {
            if let Some(part) = part {
                eprintln!("  {label}: {part}");
            }
        }
        if let Some(wait_ms) = body.retry_after_ms {
            eprintln!("  retry after: {wait_ms} ms");
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Refused(body) => exit_of(body.code),
            ClientError::Location(_) | ClientError::Setting(_) => EXIT_USAGE,
            ClientError::DeadlineExceeded { .. } | ClientError::Io { .. } => EXIT_FAILURE,
            _ => EXIT_UNAVAILABLE,
        };
        Self { exit, body: Some(Box::new(error.to_body())) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::local(error.to_string())
    }
}

/// The exit code for an error of the daemon.
const fn exit_of(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::NotFound => EXIT_NOT_FOUND,
        ErrorCode::Busy | ErrorCode::Unavailable | ErrorCode::VersionMismatch => EXIT_UNAVAILABLE,
        ErrorCode::MissingField
        | ErrorCode::InvalidScopeType
        | ErrorCode::InvalidAction
        | ErrorCode::InvalidParameter
        | ErrorCode::AlreadyExists
        | ErrorCode::Conflict
        | ErrorCode::FileLocked
        | ErrorCode::PermissionDenied
        | ErrorCode::RateLimited
        | ErrorCode::LimitExceeded => EXIT_REFUSED,
        ErrorCode::Database | ErrorCode::Internal | ErrorCode::DeadlineExceeded | ErrorCode::Cancelled => {
            EXIT_FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_the_classes_apart() {
        let exit = |code| Failure::from(ClientError::from(ErrorBody::new(code, "x"))).exit;
        assert_eq!(exit(ErrorCode::NotFound), EXIT_NOT_FOUND);
        assert_eq!(exit(ErrorCode::AlreadyExists), EXIT_REFUSED);
        assert_eq!(exit(ErrorCode::Unavailable), EXIT_UNAVAILABLE);
        assert_eq!(exit(ErrorCode::Database), EXIT_FAILURE);
        let stopped = ClientError::NotRunning { socket: "/s".into() };
        assert_eq!(Failure::from(stopped).exit, EXIT_UNAVAILABLE);
    }
}
