//! How rows become values again.

use agent_memory_proto::model::{
    Entry, EntryBody, EntryKind, FileLock, Id, Json, Org, Permission, PermissionLevel, Project, ScopeLevel,
    ScopeRef, Session, SessionReport, SessionStatus, Version,
};
use sha2::{Digest, Sha256};
use tokio_postgres::{Row, types::FromSql};
use uuid::Uuid;

pub(super) use crate::store::columns::{
    ENTRY, ENTRY_COUNT, LOCK, LOCK_COUNT, PERMISSION, PROJECT, SESSION, VERSION,
};
use crate::store::{
    StoreError,
    columns::{ENTRY_VERSION_AT, kind_of_code},
};

/// A value of a row.
///
/// # Errors
/// `Corrupt` when the column has another type.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| StoreError::Corrupt(format!("a row cannot be read: {error}")))
}

/// A code as the database has it.
pub(super) fn code(code: i64) -> i16 {
    i16::try_from(code).unwrap_or(i16::MAX)
}

/// The UUID of an id.
pub(super) fn uuid(id: Id) -> Uuid {
    id.into()
}

/// The UUID of a scope's id; the global scope's is all zeros.
pub(super) fn scope_uuid(scope: &ScopeRef) -> Uuid {
    scope.id.map_or_else(Uuid::nil, Uuid::from)
}

/// What stands for a long text in an index: the head of its SHA-256.
pub(super) fn text_key(text: &str) -> Uuid {
    let digest = Sha256::digest(text);
    Uuid::from_bytes(*digest.first_chunk().expect("a digest has 32 bytes"))
}

/// A value of a list, by its place there.
///
/// # Errors
/// `Corrupt` when it has no such place.
pub(super) fn from_code<T: Copy>(row: &Row, column: usize, all: &[T]) -> Result<T, StoreError> {
    let code: i16 = get(row, column)?;
    let value = usize::try_from(code).ok().and_then(|index| all.get(index));
    value.copied().ok_or_else(|| StoreError::Corrupt(format!("a row has the unknown code {code}")))
}

pub(super) fn kind_from(row: &Row, column: usize) -> Result<EntryKind, StoreError> {
    from_code(row, column, &EntryKind::ALL)
}

pub(super) fn id_from(row: &Row, column: usize) -> Result<Id, StoreError> {
    Ok(get::<Uuid>(row, column)?.into())
}

pub(super) fn optional_id_from(row: &Row, column: usize) -> Result<Option<Id>, StoreError> {
    Ok(get::<Option<Uuid>>(row, column)?.map(Id::from))
}

/// Reads a scope from its level, and its id in the next column.
pub(super) fn scope_from(row: &Row, column: usize) -> Result<ScopeRef, StoreError> {
    let level = from_code(row, column, &ScopeLevel::ALL)?;
    let id = if level == ScopeLevel::Global { None } else { Some(id_from(row, column + 1)?) };
    Ok(ScopeRef { level, id })
}

/// Reads a permission from the columns of [`PERMISSION`].
pub(super) fn permission_from_row(row: &Row) -> Result<Permission, StoreError> {
    let kind: i16 = get(row, 4)?;
    let unknown = || StoreError::Corrupt(format!("a permission has the unknown kind {kind}"));
    Ok(Permission {
        id: id_from(row, 0)?,
        agent_id: get(row, 1)?,
        scope: scope_from(row, 2)?,
        kind: kind_of_code(kind.into()).ok_or_else(unknown)?,
        level: from_code(row, 5, &PermissionLevel::ALL)?,
        created_by: get(row, 6)?,
        created_at_ms: get(row, 7)?,
    })
}

pub(super) fn json_from(row: &Row, column: usize) -> Result<Option<Json>, StoreError> {
    Ok(get::<Option<String>>(row, column)?.map(Json))
}

/// A number that is never negative.
pub(super) fn count_from(row: &Row, column: usize) -> Result<u32, StoreError> {
    Ok(u32::try_from(get::<i32>(row, column)?).unwrap_or(0))
}

/// The priority of a guideline.
pub(super) fn priority_from(row: &Row, column: usize) -> Result<Option<u8>, StoreError> {
    Ok(get::<Option<i16>>(row, column)?.and_then(|priority| u8::try_from(priority).ok()))
}

/// Reads an entry from the columns of [`ENTRY`].
pub(super) fn entry_from_row(row: &Row) -> Result<Entry, StoreError> {
    let kind = kind_from(row, 1)?;
    Ok(Entry {
        id: id_from(row, 0)?,
        scope: scope_from(row, 2)?,
        name: get(row, 4)?,
        category: get(row, 5)?,
        tags: get(row, 6)?,
        metadata: json_from(row, 7)?,
        is_active: get(row, 8)?,
        created_at_ms: get(row, 9)?,
        created_by: get(row, 10)?,
        updated_at_ms: get(row, 11)?,
        updated_by: get(row, 12)?,
        version: version_from_row(row, kind, ENTRY_VERSION_AT)?,
    })
}

/// Reads a version from the columns of [`VERSION`], the first of which is `first`.
pub(super) fn version_from_row(row: &Row, kind: EntryKind, first: usize) -> Result<Version, StoreError> {
    Ok(Version {
        id: id_from(row, first)?,
        number: count_from(row, first + 1)?,
        created_at_ms: get(row, first + 2)?,
        created_by: get(row, first + 3)?,
        change_reason: get(row, first + 4)?,
        conflict: get(row, first + 5)?,
        body: body_from_row(row, kind, first + 6)?,
    })
}

fn body_from_row(row: &Row, kind: EntryKind, first: usize) -> Result<EntryBody, StoreError> {
    let text = get(row, first)?;
    Ok(match kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content: text,
            priority: priority_from(row, first + 1)?.unwrap_or(0),
            rationale: get(row, first + 2)?,
            examples: json_from(row, first + 3)?,
            verification_rules: json_from(row, first + 4)?,
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content: text,
            confidence: get(row, first + 5)?,
            source: get(row, first + 6)?,
            valid_from_ms: get(row, first + 7)?,
            valid_until_ms: get(row, first + 8)?,
            invalidated_by: optional_id_from(row, first + 9)?,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: text,
            examples: json_from(row, first + 3)?,
            parameters: json_from(row, first + 10)?,
            constraints: get(row, first + 11)?,
        },
    })
}

/// Reads an organisation from `scopes.id, name, metadata, created_at_ms`.
pub(super) fn org_from_row(row: &Row) -> Result<Org, StoreError> {
    Ok(Org {
        id: id_from(row, 0)?,
        name: get(row, 1)?,
        metadata: json_from(row, 2)?,
        created_at_ms: get(row, 3)?,
    })
}

/// Reads a project from the columns of [`PROJECT`].
pub(super) fn project_from_row(row: &Row) -> Result<Project, StoreError> {
    Ok(Project {
        id: id_from(row, 0)?,
        org_id: optional_id_from(row, 1)?,
        name: get(row, 2)?,
        description: get(row, 3)?,
        root_path: get(row, 4)?,
        metadata: json_from(row, 5)?,
        created_at_ms: get(row, 6)?,
        updated_at_ms: get(row, 7)?,
    })
}

/// Reads a session from the columns of [`SESSION`].
pub(super) fn session_from_row(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: id_from(row, 0)?,
        project_id: optional_id_from(row, 1)?,
        name: get(row, 2)?,
        purpose: get(row, 3)?,
        agent_id: get(row, 4)?,
        status: from_code(
            row,
            5,
            &[
                SessionStatus::Active,
                SessionStatus::Paused,
                SessionStatus::Completed,
                SessionStatus::Discarded,
            ],
        )?,
        metadata: json_from(row, 6)?,
        started_at_ms: get(row, 7)?,
        ended_at_ms: get(row, 8)?,
    })
}

/// Reads a session, and what it came to, from the columns of [`SESSION`].
pub(super) fn session_report_from_row(row: &Row) -> Result<SessionReport, StoreError> {
    Ok(SessionReport { session: session_from_row(row)?, summary: get(row, 9)? })
}

/// Reads a lock from the columns of [`LOCK`].
pub(super) fn lock_from_row(row: &Row) -> Result<FileLock, StoreError> {
    Ok(FileLock {
        id: id_from(row, 0)?,
        path: get(row, 1)?,
        agent_id: get(row, 2)?,
        session_id: optional_id_from(row, 3)?,
        project_id: optional_id_from(row, 4)?,
        reason: get(row, 5)?,
        metadata: json_from(row, 6)?,
        token: get::<i64>(row, 7)?.cast_unsigned(),
        acquired_at_ms: get(row, 8)?,
        expires_at_ms: get(row, 9)?,
    })
}
