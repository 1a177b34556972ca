//! The rows of one entry: reading it for a change, storing it, keeping its old version, its tags.

use std::sync::LazyLock;

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Entry, EntryKind, Id},
};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::{
    StoreError,
    sqlite::{
        columns::{self, BodyColumns, ENTRY, ENTRY_COUNT, entry_from_row, kind_code, tags_text},
        error::is_unique_violation,
    },
};

/// An entry as stored, and where.
pub(super) struct StoredEntry {
    pub(super) rowid: i64,
    pub(super) scope_key: i64,
    pub(super) entry: Entry,
}

static LOAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid, e.scope FROM entries e CROSS JOIN scopes s ON s.key = e.scope \
         WHERE e.id = ?1 AND e.kind = ?2"
    )
});

/// Reads the entry of that id and kind.
pub(super) fn load(connection: &Connection, kind: EntryKind, id: Id) -> Result<StoredEntry, StoreError> {
    let mut statement = connection.prepare_cached(&LOAD)?;
    let found = statement.query_row((id.0, kind_code(kind)), |row| {
        Ok(StoredEntry {
            rowid: row.get(ENTRY_COUNT)?,
            scope_key: row.get(ENTRY_COUNT + 1)?,
            entry: entry_from_row(row)?,
        })
    });
    found.optional()?.ok_or_else(|| super::no_entry(kind, id))
}

const INSERT: &str = "INSERT INTO entries (id, kind, scope, is_active, priority, created_at_ms, updated_at_ms, \
    valid_from_ms, valid_until_ms, invalidated_by, category, created_by, updated_by, version, version_id, \
    version_at_ms, version_by, conflict, confidence, name, tags, change_reason, source, content, rationale, \
    constraints, examples, parameters, verification_rules, metadata) \
    VALUES (:id, :kind, :scope, :is_active, :priority, :created_at_ms, :updated_at_ms, :valid_from_ms, \
    :valid_until_ms, :invalidated_by, :category, :created_by, :updated_by, :version, :version_id, \
    :version_at_ms, :version_by, :conflict, :confidence, :name, :tags, :change_reason, :source, :content, \
    :rationale, :constraints, :examples, :parameters, :verification_rules, :metadata)";

/// Stores a new entry and returns its row id.
///
/// # Errors
/// `AlreadyExists` with the id of the entry that has the name, or when the id is taken.
pub(super) fn insert(connection: &Connection, scope_key: i64, entry: &Entry) -> Result<i64, StoreError> {
    let body = BodyColumns::from(&entry.version.body);
    let inserted = connection.prepare_cached(INSERT)?.insert(named_params! {
        ":id": entry.id.0,
        ":kind": kind_code(entry.kind()),
        ":scope": scope_key,
        ":is_active": entry.is_active,
        ":priority": body.priority,
        ":created_at_ms": entry.created_at_ms,
        ":updated_at_ms": entry.updated_at_ms,
        ":valid_from_ms": body.valid_from_ms,
        ":valid_until_ms": body.valid_until_ms,
        ":invalidated_by": body.invalidated_by,
        ":category": entry.category,
        ":created_by": entry.created_by,
        ":updated_by": entry.updated_by,
        ":version": entry.version.number,
        ":version_id": entry.version.id.0,
        ":version_at_ms": entry.version.created_at_ms,
        ":version_by": entry.version.created_by,
        ":conflict": entry.version.conflict,
        ":confidence": body.confidence,
        ":name": entry.name,
        ":tags": tags_text(&entry.tags),
        ":change_reason": entry.version.change_reason,
        ":source": body.source,
        ":content": body.content,
        ":rationale": body.rationale,
        ":constraints": body.constraints,
        ":examples": body.examples,
        ":parameters": body.parameters,
        ":verification_rules": body.verification_rules,
        ":metadata": entry.metadata.as_ref().map(|json| json.0.as_str()),
    });
    match inserted {
        Ok(rowid) => Ok(rowid),
        Err(error) if is_unique_violation(&error) => Err(taken(connection, scope_key, entry)?),
        Err(error) => Err(error.into()),
    }
}

const UPDATE: &str = "UPDATE entries SET is_active = :is_active, priority = :priority, \
    updated_at_ms = :updated_at_ms, valid_from_ms = :valid_from_ms, valid_until_ms = :valid_until_ms, \
    invalidated_by = :invalidated_by, category = :category, updated_by = :updated_by, version = :version, \
    version_id = :version_id, version_at_ms = :version_at_ms, version_by = :version_by, conflict = :conflict, \
    confidence = :confidence, name = :name, tags = :tags, change_reason = :change_reason, source = :source, \
    content = :content, rationale = :rationale, constraints = :constraints, examples = :examples, \
    parameters = :parameters, verification_rules = :verification_rules, metadata = :metadata \
    WHERE rowid = :rowid";

/// Stores the new state of an entry; its old version must have been kept before.
///
/// # Errors
/// `AlreadyExists` when the new name is taken.
pub(super) fn update(connection: &Connection, stored: &StoredEntry) -> Result<(), StoreError> {
    let StoredEntry { rowid, scope_key, entry } = stored;
    let body = BodyColumns::from(&entry.version.body);
    let updated = connection.prepare_cached(UPDATE)?.execute(named_params! {
        ":rowid": rowid,
        ":is_active": entry.is_active,
        ":priority": body.priority,
        ":updated_at_ms": entry.updated_at_ms,
        ":valid_from_ms": body.valid_from_ms,
        ":valid_until_ms": body.valid_until_ms,
        ":invalidated_by": body.invalidated_by,
        ":category": entry.category,
        ":updated_by": entry.updated_by,
        ":version": entry.version.number,
        ":version_id": entry.version.id.0,
        ":version_at_ms": entry.version.created_at_ms,
        ":version_by": entry.version.created_by,
        ":conflict": entry.version.conflict,
        ":confidence": body.confidence,
        ":name": entry.name,
        ":tags": tags_text(&entry.tags),
        ":change_reason": entry.version.change_reason,
        ":source": body.source,
        ":content": body.content,
        ":rationale": body.rationale,
        ":constraints": body.constraints,
        ":examples": body.examples,
        ":parameters": body.parameters,
        ":verification_rules": body.verification_rules,
        ":metadata": entry.metadata.as_ref().map(|json| json.0.as_str()),
    });
    match updated {
        Ok(_) => Ok(()),
        Err(error) if is_unique_violation(&error) => Err(taken(connection, *scope_key, entry)?),
        Err(error) => Err(error.into()),
    }
}

const KEEP_VERSION: &str = "INSERT INTO entry_versions (entry, number, id, created_at_ms, created_by, \
    change_reason, conflict, priority, valid_from_ms, valid_until_ms, invalidated_by, confidence, source, \
    content, rationale, constraints, examples, parameters, verification_rules) \
    SELECT rowid, version, version_id, version_at_ms, version_by, change_reason, conflict, priority, \
    valid_from_ms, valid_until_ms, invalidated_by, confidence, source, content, rationale, constraints, \
    examples, parameters, verification_rules FROM entries WHERE rowid = ?1";

/// Moves the current version into the history, before another one takes its place.
pub(super) fn keep_version(connection: &Connection, rowid: i64) -> Result<(), StoreError> {
    connection.prepare_cached(KEEP_VERSION)?.execute([rowid])?;
    Ok(())
}

/// Files an entry under its tags.
pub(super) fn add_tags(connection: &Connection, rowid: i64, tags: &[String]) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO entry_tags (tag, entry) VALUES (?1, ?2)")?;
    for tag in tags {
        statement.execute((tag, rowid))?;
    }
    Ok(())
}

/// Takes an entry out from under its tags.
pub(super) fn remove_tags(connection: &Connection, rowid: i64, tags: &[String]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("DELETE FROM entry_tags WHERE tag = ?1 AND entry = ?2")?;
    for tag in tags {
        statement.execute((tag, rowid))?;
    }
    Ok(())
}

/// Says what stands in the way of an entry: one of the same name, or of the same id.
fn taken(connection: &Connection, scope_key: i64, entry: &Entry) -> Result<StoreError, StoreError> {
    let kind = entry.kind();
    let mut statement = connection.prepare_cached(
        "SELECT id, is_active FROM entries WHERE scope = ?1 AND kind = ?2 AND name = ?3 AND id <> ?4",
    )?;
    let same_name = statement
        .query_row((scope_key, kind_code(kind), &entry.name, entry.id.0), |row| {
            Ok((columns::id_from(row, 0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    let body = match same_name {
        Some((id, is_active)) => {
            let state = if is_active { "" } else { " (deactivated; its name stays taken)" };
            ErrorBody::new(
                ErrorCode::AlreadyExists,
                format!("{} has a {kind} with this {} already: {id}{state}", entry.scope, kind.name_field()),
            )
            .with_field(kind.name_field())
            .with_value(&entry.name)
            .with_suggestion(format!("Update {id} instead, or choose another {}", kind.name_field()))
        }
        None => ErrorBody::new(
            ErrorCode::AlreadyExists,
            format!("there is an entry with the id {} already", entry.id),
        )
        .with_field("id")
        .with_value(entry.id)
        .with_suggestion("Leave the id out, and a new one is made"),
    };
    Ok(StoreError::refused(body))
}
