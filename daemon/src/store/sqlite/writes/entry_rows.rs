//! The rows of one entry: reading it for a change, storing it, keeping its old version, its tags.

use std::sync::LazyLock;

use agent_memory_proto::model::{Entry, EntryKind, Id, Version};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::store::{
    StoreError,
    rules::StoredEntry,
    sqlite::{
        columns::{BodyColumns, ENTRY, ENTRY_COUNT, entry_from_row, kind_code, tags_text},
        error::unless_taken,
    },
};

static LOAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid, e.scope FROM entries e CROSS JOIN scopes s ON s.key = e.scope \
         WHERE e.id = ?1 AND e.kind = ?2"
    )
});

/// Reads the entry of that id and kind.
pub(super) fn load(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
) -> Result<Option<StoredEntry>, StoreError> {
    let mut statement = connection.prepare_cached(&LOAD)?;
    let found = statement.query_row((id.0, kind_code(kind)), |row| {
        Ok(StoredEntry {
            rowid: row.get(ENTRY_COUNT)?,
            scope_key: row.get(ENTRY_COUNT + 1)?,
            entry: entry_from_row(row)?,
        })
    });
    Ok(found.optional()?)
}

const INSERT: &str = "INSERT INTO entries (id, kind, scope, is_active, priority, created_at_ms, updated_at_ms, \
    valid_from_ms, valid_until_ms, invalidated_by, category, created_by, updated_by, version, version_id, \
    version_at_ms, version_by, conflict, confidence, name, tags, change_reason, source, content, rationale, \
    constraints, examples, parameters, verification_rules, metadata) \
    VALUES (:id, :kind, :scope, :is_active, :priority, :created_at_ms, :updated_at_ms, :valid_from_ms, \
    :valid_until_ms, :invalidated_by, :category, :created_by, :updated_by, :version, :version_id, \
    :version_at_ms, :version_by, :conflict, :confidence, :name, :tags, :change_reason, :source, :content, \
    :rationale, :constraints, :examples, :parameters, :verification_rules, :metadata)";

/// Stores a new entry and returns its row id; `None` when its name or its id is taken.
pub(super) fn insert(
    connection: &Connection,
    scope_key: i64,
    entry: &Entry,
) -> Result<Option<i64>, StoreError> {
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
    unless_taken(inserted)
}

const UPDATE: &str = "UPDATE entries SET is_active = :is_active, priority = :priority, \
    updated_at_ms = :updated_at_ms, valid_from_ms = :valid_from_ms, valid_until_ms = :valid_until_ms, \
    invalidated_by = :invalidated_by, category = :category, updated_by = :updated_by, version = :version, \
    version_id = :version_id, version_at_ms = :version_at_ms, version_by = :version_by, conflict = :conflict, \
    confidence = :confidence, name = :name, tags = :tags, change_reason = :change_reason, source = :source, \
    content = :content, rationale = :rationale, constraints = :constraints, examples = :examples, \
    parameters = :parameters, verification_rules = :verification_rules, metadata = :metadata \
    WHERE rowid = :rowid";

/// Stores the new state of an entry; its old version must have been kept before. False when the
/// new name is taken.
pub(super) fn update(connection: &Connection, rowid: i64, entry: &Entry) -> Result<bool, StoreError> {
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
    Ok(unless_taken(updated)?.is_some())
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

const INSERT_VERSION: &str = "INSERT INTO entry_versions (entry, number, id, created_at_ms, created_by, \
    change_reason, conflict, priority, valid_from_ms, valid_until_ms, invalidated_by, confidence, source, \
    content, rationale, constraints, examples, parameters, verification_rules) \
    VALUES (:entry, :number, :id, :created_at_ms, :created_by, :change_reason, :conflict, :priority, \
    :valid_from_ms, :valid_until_ms, :invalidated_by, :confidence, :source, :content, :rationale, \
    :constraints, :examples, :parameters, :verification_rules)";

/// Stores a version that is no longer current.
pub(super) fn insert_version(
    connection: &Connection,
    rowid: i64,
    version: &Version,
) -> Result<(), StoreError> {
    let body = BodyColumns::from(&version.body);
    connection.prepare_cached(INSERT_VERSION)?.execute(named_params! {
        ":entry": rowid,
        ":number": version.number,
        ":id": version.id.0,
        ":created_at_ms": version.created_at_ms,
        ":created_by": version.created_by,
        ":change_reason": version.change_reason,
        ":conflict": version.conflict,
        ":priority": body.priority,
        ":valid_from_ms": body.valid_from_ms,
        ":valid_until_ms": body.valid_until_ms,
        ":invalidated_by": body.invalidated_by,
        ":confidence": body.confidence,
        ":source": body.source,
        ":content": body.content,
        ":rationale": body.rationale,
        ":constraints": body.constraints,
        ":examples": body.examples,
        ":parameters": body.parameters,
        ":verification_rules": body.verification_rules,
    })?;
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

/// Records that two agents changed an entry at once.
pub(super) fn insert_conflict(
    connection: &Connection,
    old: &StoredEntry,
    new: &Entry,
    at_ms: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO conflicts (id, entry, base_version, version, first_by, second_by, at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            new.version.id.0,
            old.rowid,
            old.entry.version.number,
            new.version.number,
            &old.entry.version.created_by,
            &new.version.created_by,
            at_ms,
        ))?;
    Ok(())
}

/// Removes an entry; its versions and conflicts go with it.
pub(super) fn remove(connection: &Connection, rowid: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM entries WHERE rowid = ?1")?.execute([rowid])?;
    Ok(())
}
