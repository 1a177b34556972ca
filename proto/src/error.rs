//! The one closed set of error codes that crosses the wire, and the error that carries it.
//! Codes E1000 to E6000 keep the text of the original system, so that its clients keep working.

use std::fmt;

use serde::Serialize;

use crate::codec::{Decode, Encode};

/// What went wrong, as a stable code. Append only: the order is part of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum ErrorCode {
    /// A required field is missing.
    MissingField,
    /// The scope type is unknown, or does not go with its id.
    InvalidScopeType,
    /// The action is unknown.
    InvalidAction,
    /// A parameter is unknown, of the wrong type, too large or out of range.
    InvalidParameter,
    /// What was named does not exist.
    NotFound,
    /// The name is taken in that scope.
    AlreadyExists,
    /// The entry changed since it was read, or an idempotency key came again with another request.
    Conflict,
    /// The file is checked out by another agent.
    FileLocked,
    /// The store refused the operation: full disk, read-only directory, damaged file.
    Database,
    /// A bug or a crash inside the daemon; this one request failed.
    Internal,
    /// The caller may not do this.
    PermissionDenied,
    /// A queue is full. Not applied; try again after `retry_after_ms`.
    Busy,
    /// Too many requests. Not applied; try again after `retry_after_ms`.
    RateLimited,
    /// A frame, batch or result is larger than allowed.
    LimitExceeded,
    /// A service that the daemon needs is away, or the daemon is stopping. Retry elsewhere or later.
    Unavailable,
    /// The two sides share no protocol version.
    VersionMismatch,
    /// The request's deadline passed first.
    DeadlineExceeded,
    /// The caller cancelled the request.
    Cancelled,
}

impl ErrorCode {
    /// Every code, in the order of the encoding.
    pub const ALL: [Self; 18] = [
        Self::MissingField,
        Self::InvalidScopeType,
        Self::InvalidAction,
        Self::InvalidParameter,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::FileLocked,
        Self::Database,
        Self::Internal,
        Self::PermissionDenied,
        Self::Busy,
        Self::RateLimited,
        Self::LimitExceeded,
        Self::Unavailable,
        Self::VersionMismatch,
        Self::DeadlineExceeded,
        Self::Cancelled,
    ];

    /// The stable text of the code, as `E2000`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::MissingField => "E1000",
            Self::InvalidScopeType => "E1001",
            Self::InvalidAction => "E1002",
            Self::InvalidParameter => "E1004",
            Self::NotFound => "E2000",
            Self::AlreadyExists => "E2001",
            Self::Conflict => "E2002",
            Self::FileLocked => "E3000",
            Self::Database => "E4000",
            Self::Internal => "E5001",
            Self::PermissionDenied => "E6000",
            Self::Busy => "E7000",
            Self::RateLimited => "E7001",
            Self::LimitExceeded => "E7002",
            Self::Unavailable => "E7003",
            Self::VersionMismatch => "E7004",
            Self::DeadlineExceeded => "E7005",
            Self::Cancelled => "E7006",
        }
    }

    /// The name of the code, as `not_found`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingField => "missing_field",
            Self::InvalidScopeType => "invalid_scope_type",
            Self::InvalidAction => "invalid_action",
            Self::InvalidParameter => "invalid_parameter",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::FileLocked => "file_locked",
            Self::Database => "database",
            Self::Internal => "internal",
            Self::PermissionDenied => "permission_denied",
            Self::Busy => "busy",
            Self::RateLimited => "rate_limited",
            Self::LimitExceeded => "limit_exceeded",
            Self::Unavailable => "unavailable",
            Self::VersionMismatch => "version_mismatch",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the same request, sent again later, may succeed without any change to it.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Busy | Self::RateLimited | Self::Unavailable | Self::DeadlineExceeded)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// An error as it crosses the wire: what was wrong, with which value, what is allowed, what next.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// The stable code.
    pub code: ErrorCode,
    /// One sentence for people.
    pub message: String,
    /// The field at fault, by its public name (`scopeId`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The offending value, cut to 200 characters. Never a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is allowed instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// How long to wait before the same request may succeed, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorBody {
    /// An error with a code and a message; the other parts are added by the methods below.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            value: None,
            allowed: None,
            suggestion: None,
            retry_after_ms: None,
        }
    }

    /// A field that must be there and is not.
    #[must_use]
    pub fn missing(field: &str) -> Self {
        Self::new(ErrorCode::MissingField, format!("{field} is required")).with_field(field)
    }

    /// A field whose value is not allowed.
    #[must_use]
    pub fn invalid(field: &str, value: impl fmt::Display, allowed: impl Into<String>) -> Self {
        let allowed = allowed.into();
        let value = clip(&value.to_string());
        Self::new(ErrorCode::InvalidParameter, format!("{field} is {value:?}; allowed: {allowed}"))
            .with_field(field)
            .with_value(value)
            .with_allowed(allowed)
    }

    /// Something that was named and does not exist. `what` is a noun (`project`).
    #[must_use]
    pub fn not_found(what: &str, value: impl fmt::Display) -> Self {
        let value = clip(&value.to_string());
        Self::new(ErrorCode::NotFound, format!("no {what} {value:?}")).with_field(what).with_value(value)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Gives the offending value; it is cut to 200 characters.
    #[must_use]
    pub fn with_value(mut self, value: impl fmt::Display) -> Self {
        self.value = Some(clip(&value.to_string()));
        self
    }

    /// Says what is allowed.
    #[must_use]
    pub fn with_allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_suggestion(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub const fn with_retry_after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.code.name(), self.message)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, ". {suggestion}")?;
        }
        if let Some(retry_after_ms) = self.retry_after_ms {
            write!(f, " (retry after {retry_after_ms} ms)")?;
        }
        Ok(())
    }
}

impl std::error::Error for ErrorBody {}

const VALUE_CHARS_MAX: usize = 200;

fn clip(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_distinct_texts_and_names() {
        let texts: std::collections::BTreeSet<_> = ErrorCode::ALL.iter().map(|c| c.text()).collect();
        let names: std::collections::BTreeSet<_> = ErrorCode::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        assert_eq!(names.len(), ErrorCode::ALL.len());
    }

    #[test]
    fn an_invalid_value_is_cut_and_named() {
        let error = ErrorBody::invalid("scopeType", "x".repeat(500), "global, org, project, session");
        assert_eq!(error.field.as_deref(), Some("scopeType"));
        assert_eq!(error.value.expect("value").chars().count(), VALUE_CHARS_MAX + 1);
    }
}
