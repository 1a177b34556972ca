//! The small enums: each variant by itself, as it stands inside larger messages.

use agent_memory_proto::{
    ErrorCode,
    codec::Message,
    event::{BreakerState, ChangeAction},
    model::{EntryKind, PermissionLevel, ScopeLevel, SessionStatus},
    request::FloorOperation,
    response::{HealthStatus, RedisKind, WriteAction},
};

use super::named_variants;

/// Every code, by its name.
fn error_codes() -> Vec<(String, ErrorCode)> {
    named_variants!(ErrorCode::ALL, {
        ErrorCode::MissingField => "missing_field",
        ErrorCode::InvalidScopeType => "invalid_scope_type",
        ErrorCode::InvalidAction => "invalid_action",
        ErrorCode::InvalidParameter => "invalid_parameter",
        ErrorCode::NotFound => "not_found",
        ErrorCode::AlreadyExists => "already_exists",
        ErrorCode::Conflict => "conflict",
        ErrorCode::FileLocked => "file_locked",
        ErrorCode::Database => "database",
        ErrorCode::Internal => "internal",
        ErrorCode::PermissionDenied => "permission_denied",
        ErrorCode::Busy => "busy",
        ErrorCode::RateLimited => "rate_limited",
        ErrorCode::LimitExceeded => "limit_exceeded",
        ErrorCode::Unavailable => "unavailable",
        ErrorCode::VersionMismatch => "version_mismatch",
        ErrorCode::DeadlineExceeded => "deadline_exceeded",
        ErrorCode::Cancelled => "cancelled",
    })
}

/// Every small value, by `type.variant`, encoded.
pub(crate) fn small_values() -> Vec<(String, Vec<u8>)> {
    let mut all = encoded("error_code", error_codes());
    all.extend(encoded(
        "entry_kind",
        named_variants!(EntryKind::ALL, {
            EntryKind::Guideline => "guideline",
            EntryKind::Knowledge => "knowledge",
            EntryKind::Tool => "tool",
        }),
    ));
    all.extend(encoded(
        "scope_level",
        named_variants!(ScopeLevel::ALL, {
            ScopeLevel::Global => "global",
            ScopeLevel::Org => "org",
            ScopeLevel::Project => "project",
            ScopeLevel::Session => "session",
        }),
    ));
    all.extend(encoded(
        "session_status",
        named_variants!(SessionStatus::ALL, {
            SessionStatus::Active => "active",
            SessionStatus::Paused => "paused",
            SessionStatus::Completed => "completed",
            SessionStatus::Discarded => "discarded",
        }),
    ));
    all.extend(encoded(
        "permission_level",
        named_variants!(PermissionLevel::ALL, {
            PermissionLevel::None => "none",
            PermissionLevel::Read => "read",
            PermissionLevel::Write => "write",
            PermissionLevel::Admin => "admin",
        }),
    ));
    all.extend(actions());
    all.extend(super::tasks::words());
    all.extend(super::relations::small_values());
    all.extend(super::tags::small_values());
    all.extend(super::audit::small_values());
    all
}

fn actions() -> Vec<(String, Vec<u8>)> {
    use ChangeAction as Change;
    use FloorOperation as Floor;
    let mut all = encoded(
        "change_action",
        named_variants!([Change::Added, Change::Updated, Change::Deactivated, Change::Deleted], {
            Change::Added => "added",
            Change::Updated => "updated",
            Change::Deactivated => "deactivated",
            Change::Deleted => "deleted",
        }),
    );
    all.extend(encoded(
        "write_action",
        named_variants!(
            [WriteAction::Added, WriteAction::Updated, WriteAction::Deactivated, WriteAction::Deleted], {
            WriteAction::Added => "added",
            WriteAction::Updated => "updated",
            WriteAction::Deactivated => "deactivated",
            WriteAction::Deleted => "deleted",
        }),
    ));
    all.extend(encoded(
        "health_status",
        named_variants!([HealthStatus::Healthy, HealthStatus::Degraded, HealthStatus::Unhealthy], {
            HealthStatus::Healthy => "healthy",
            HealthStatus::Degraded => "degraded",
            HealthStatus::Unhealthy => "unhealthy",
        }),
    ));
    all.extend(encoded(
        "redis_kind",
        named_variants!([RedisKind::Single, RedisKind::Sentinel, RedisKind::Cluster], {
            RedisKind::Single => "single",
            RedisKind::Sentinel => "sentinel",
            RedisKind::Cluster => "cluster",
        }),
    ));
    all.extend(encoded(
        "floor_operation",
        named_variants!(
            [Floor::SimpleRead, Floor::ScopedRead, Floor::Search, Floor::Context, Floor::Write, Floor::GroupWrite, Floor::Lock], {
            Floor::SimpleRead => "simple_read",
            Floor::ScopedRead => "scoped_read",
            Floor::Search => "search",
            Floor::Context => "context",
            Floor::Write => "write",
            Floor::GroupWrite => "group_write",
            Floor::Lock => "lock",
        }),
    ));
    all.extend(encoded(
        "breaker_state",
        named_variants!([BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen], {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }),
    ));
    all
}

pub(super) fn encoded<T: Message>(of: &str, values: Vec<(String, T)>) -> Vec<(String, Vec<u8>)> {
    values
        .into_iter()
        .map(|(name, value)| (format!("{of}.{name}"), value.encode().expect("a small value encodes")))
        .collect()
}
