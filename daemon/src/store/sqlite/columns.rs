//! How values of the model stand in columns, and how rows become values again.

use agent_memory_proto::model::{
    Entry, EntryBody, EntryKind, FileLock, Id, Json, Org, Permission, PermissionLevel, Project, ScopeLevel,
    ScopeRef, Session, SessionReport, SessionStatus, Version,
};
use rusqlite::{Row, types::Type};

use crate::store::columns::{ENTRY_VERSION_AT, kind_of_code};
pub(super) use crate::store::{
    columns::{
        BodyColumns, ENTRY, ENTRY_COUNT, LOCK, PERMISSION, PROJECT, SESSION, VERSION, kind_code, level_code,
        optional_kind_code, permission_code, status_code, tags_text,
    },
    rules::GLOBAL_KEY,
};

pub(super) fn kind_from(row: &Row<'_>, column: usize) -> rusqlite::Result<EntryKind> {
    from_code(row, column, &EntryKind::ALL)
}

pub(super) fn from_code<T: Copy>(row: &Row<'_>, column: usize, all: &[T]) -> rusqlite::Result<T> {
    let code: i64 = row.get(column)?;
    let value = usize::try_from(code).ok().and_then(|index| all.get(index));
    value.copied().ok_or(rusqlite::Error::IntegralValueOutOfRange(column, code))
}

pub(super) fn id_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Id> {
    Ok(Id(row.get(column)?))
}

pub(super) fn optional_id_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Id>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Id))
}

/// The bytes of a scope's id as stored: none for the global scope.
pub(super) fn scope_id(scope: &ScopeRef) -> &[u8] {
    scope.id.as_ref().map_or(&[], |id| id.as_bytes().as_slice())
}

/// Reads a scope from its level, and its id in the next column.
pub(super) fn scope_from(row: &Row<'_>, column: usize) -> rusqlite::Result<ScopeRef> {
    let level = from_code(row, column, &ScopeLevel::ALL)?;
    let id = if level == ScopeLevel::Global { None } else { Some(id_from(row, column + 1)?) };
    Ok(ScopeRef { level, id })
}

/// Reads tags.
pub(super) fn tags_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let text = row.get_ref(column)?.as_str()?;
    if text == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

pub(super) fn json_from(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Json>> {
    Ok(row.get::<_, Option<String>>(column)?.map(Json))
}

/// Reads an entry from the columns of [`ENTRY`].
pub(super) fn entry_from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind = kind_from(row, 1)?;
    Ok(Entry {
        id: id_from(row, 0)?,
        scope: scope_from(row, 2)?,
        name: row.get(4)?,
        category: row.get(5)?,
        tags: tags_from(row, 6)?,
        metadata: json_from(row, 7)?,
        is_active: row.get(8)?,
        created_at_ms: row.get(9)?,
        created_by: row.get(10)?,
        updated_at_ms: row.get(11)?,
        updated_by: row.get(12)?,
        version: version_from_row(row, kind, ENTRY_VERSION_AT)?,
    })
}

/// Reads a version from the columns of [`VERSION`], the first of which is `first`.
pub(super) fn version_from_row(row: &Row<'_>, kind: EntryKind, first: usize) -> rusqlite::Result<Version> {
    Ok(Version {
        id: id_from(row, first)?,
        number: row.get(first + 1)?,
        created_at_ms: row.get(first + 2)?,
        created_by: row.get(first + 3)?,
        change_reason: row.get(first + 4)?,
        conflict: row.get(first + 5)?,
        body: body_from_row(row, kind, first + 6)?,
    })
}

fn body_from_row(row: &Row<'_>, kind: EntryKind, first: usize) -> rusqlite::Result<EntryBody> {
    Ok(match kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content: row.get(first)?,
            priority: row.get(first + 1)?,
            rationale: row.get(first + 2)?,
            examples: json_from(row, first + 3)?,
            verification_rules: json_from(row, first + 4)?,
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content: row.get(first)?,
            confidence: row.get(first + 5)?,
            source: row.get(first + 6)?,
            valid_from_ms: row.get(first + 7)?,
            valid_until_ms: row.get(first + 8)?,
            invalidated_by: optional_id_from(row, first + 9)?,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: row.get(first)?,
            examples: json_from(row, first + 3)?,
            parameters: json_from(row, first + 10)?,
            constraints: row.get(first + 11)?,
        },
    })
}

/// Reads an organisation from `scopes.id, name, metadata, created_at_ms`.
pub(super) fn org_from_row(row: &Row<'_>) -> rusqlite::Result<Org> {
    Ok(Org {
        id: id_from(row, 0)?,
        name: row.get(1)?,
        metadata: json_from(row, 2)?,
        created_at_ms: row.get(3)?,
    })
}

/// Reads a project from the columns of [`PROJECT`].
pub(super) fn project_from_row(row: &Row<'_>) -> rusqlite::Result<Project> {
    Ok(Project {
        id: id_from(row, 0)?,
        org_id: optional_id_from(row, 1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        root_path: row.get(4)?,
        metadata: json_from(row, 5)?,
        created_at_ms: row.get(6)?,
        updated_at_ms: row.get(7)?,
    })
}

/// Reads a session from the columns of [`SESSION`].
pub(super) fn session_from_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: id_from(row, 0)?,
        project_id: optional_id_from(row, 1)?,
        name: row.get(2)?,
        purpose: row.get(3)?,
        agent_id: row.get(4)?,
        status: from_code(row, 5, &SessionStatus::ALL)?,
        metadata: json_from(row, 6)?,
        started_at_ms: row.get(7)?,
        ended_at_ms: row.get(8)?,
    })
}

/// Reads a session, and what it came to, from the columns of [`SESSION`].
pub(super) fn session_report_from_row(row: &Row<'_>) -> rusqlite::Result<SessionReport> {
    Ok(SessionReport { session: session_from_row(row)?, summary: row.get(9)? })
}

/// Reads a permission from the columns of [`PERMISSION`].
pub(super) fn permission_from_row(row: &Row<'_>) -> rusqlite::Result<Permission> {
    let kind: i64 = row.get(4)?;
    Ok(Permission {
        id: id_from(row, 0)?,
        agent_id: row.get(1)?,
        scope: scope_from(row, 2)?,
        kind: kind_of_code(kind).ok_or(rusqlite::Error::IntegralValueOutOfRange(4, kind))?,
        level: from_code(row, 5, &PermissionLevel::ALL)?,
        created_by: row.get(6)?,
        created_at_ms: row.get(7)?,
    })
}

/// Reads a lock from the columns of [`LOCK`].
pub(super) fn lock_from_row(row: &Row<'_>) -> rusqlite::Result<FileLock> {
    Ok(FileLock {
        id: id_from(row, 0)?,
        path: row.get(1)?,
        agent_id: row.get(2)?,
        session_id: optional_id_from(row, 3)?,
        project_id: optional_id_from(row, 4)?,
        reason: row.get(5)?,
        metadata: json_from(row, 6)?,
        token: row.get::<_, i64>(7)?.cast_unsigned(),
        acquired_at_ms: row.get(8)?,
        expires_at_ms: row.get(9)?,
    })
}
