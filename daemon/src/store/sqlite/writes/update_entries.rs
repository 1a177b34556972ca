//! Updates entries, all or none: each gets a new version. A deactivated entry can be updated and
//! stays deactivated.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{BodyPatch, Entry, EntryBody, Version},
    request::EntryPatch,
    response::WriteAction,
};
use rusqlite::Connection;

use super::{
    Applied, at_position, entries_reply,
    entry_rows::{self, StoredEntry},
    report,
};
use crate::store::{EntryUpdate, StoreError, sqlite::index};

pub(super) fn apply(
    connection: &Connection,
    updates: &[EntryUpdate],
    bulk: bool,
    conflict_window_ms: i64,
    at_ms: i64,
) -> Applied {
    let mut written = Vec::with_capacity(updates.len());
    let mut changes = Vec::with_capacity(updates.len());
    for (position, update) in updates.iter().enumerate() {
        let entry = update_one(connection, update, conflict_window_ms, at_ms)
            .map_err(|error| at_position(error, bulk, "updates", position))?;
        let (answer, change) = report(&entry, WriteAction::Updated, at_ms, entry.updated_by.as_deref());
        written.push(answer);
        changes.push(change);
    }
    Ok((entries_reply(written, bulk), changes))
}

fn update_one(
    connection: &Connection,
    update: &EntryUpdate,
    conflict_window_ms: i64,
    at_ms: i64,
) -> Result<Entry, StoreError> {
    let old = entry_rows::load(connection, update.patch.body.kind(), update.id)?;
    check_version(&old.entry, update.expected_version)?;
    let conflict = update.expected_version.is_none()
        && is_conflict(&old.entry.version, update.patch.updated_by.as_deref(), conflict_window_ms, at_ms);
    let mut entry = patched(&old.entry, &update.patch, at_ms);
    entry.version.id = update.version_id;
    entry.version.conflict = conflict;
    entry_rows::keep_version(connection, old.rowid)?;
    let new = StoredEntry { rowid: old.rowid, scope_key: old.scope_key, entry };
    entry_rows::update(connection, &new)?;
    if new.entry.tags != old.entry.tags {
        entry_rows::remove_tags(connection, old.rowid, &old.entry.tags)?;
        entry_rows::add_tags(connection, old.rowid, &new.entry.tags)?;
    }
    if !index::reads_the_same(&old.entry, &new.entry) {
        index::remove(connection, old.rowid)?;
        index::insert(connection, old.rowid, &index::text_of(&new.entry))?;
    }
    if conflict {
        record_conflict(connection, &old, &new.entry, at_ms)?;
    }
    Ok(new.entry)
}

fn check_version(entry: &Entry, expected: Option<u32>) -> Result<(), StoreError> {
    let actual = entry.version.number;
    match expected {
        Some(expected) if expected != actual => Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::Conflict,
                format!("{} is at version {actual}, not at the expected version {expected}", entry.id),
            )
            .with_field("expectedVersion")
            .with_value(expected)
            .with_allowed(actual.to_string())
            .with_suggestion("Read the entry again, merge your change, and update with its version"),
        )),
        _ => Ok(()),
    }
}

/// Another agent changed the entry just now. The first version is no change: nobody else can have
/// known the entry before it.
fn is_conflict(current: &Version, updated_by: Option<&str>, window_ms: i64, at_ms: i64) -> bool {
    current.number > 1
        && current.created_by.as_deref() != updated_by
        && at_ms.saturating_sub(current.created_at_ms) <= window_ms
}

fn record_conflict(
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

fn patched(old: &Entry, patch: &EntryPatch, at_ms: i64) -> Entry {
    Entry {
        name: keep_or(&patch.name, &old.name),
        category: keep_or(&patch.category, &old.category),
        tags: keep_or(&patch.tags, &old.tags),
        metadata: keep_or(&patch.metadata, &old.metadata),
        updated_at_ms: at_ms,
        updated_by: patch.updated_by.clone(),
        version: Version {
            number: old.version.number + 1,
            body: patched_body(&old.version.body, &patch.body),
            created_at_ms: at_ms,
            created_by: patch.updated_by.clone(),
            change_reason: patch.change_reason.clone(),
            ..old.version.clone()
        },
        ..old.clone()
    }
}

fn keep_or<T: Clone>(new: &Option<T>, old: &T) -> T {
    new.clone().unwrap_or_else(|| old.clone())
}

fn patched_body(old: &EntryBody, patch: &BodyPatch) -> EntryBody {
    match (old, patch) {
        (
            EntryBody::Guideline { content, priority, rationale, examples, verification_rules },
            BodyPatch::Guideline {
                content: new_content,
                priority: new_priority,
                rationale: new_rationale,
                examples: new_examples,
                verification_rules: new_rules,
            },
        ) => EntryBody::Guideline {
            content: keep_or(new_content, content),
            priority: keep_or(new_priority, priority),
            rationale: keep_or(new_rationale, rationale),
            examples: keep_or(new_examples, examples),
            verification_rules: keep_or(new_rules, verification_rules),
        },
        (
            EntryBody::Knowledge {
                content,
                confidence,
                source,
                valid_from_ms,
                valid_until_ms,
                invalidated_by,
            },
            BodyPatch::Knowledge {
                content: new_content,
                confidence: new_confidence,
                source: new_source,
                valid_from_ms: new_from_ms,
                valid_until_ms: new_until_ms,
                invalidated_by: new_successor,
            },
        ) => EntryBody::Knowledge {
            content: keep_or(new_content, content),
            confidence: keep_or(new_confidence, confidence),
            source: keep_or(new_source, source),
            valid_from_ms: keep_or(new_from_ms, valid_from_ms),
            valid_until_ms: keep_or(new_until_ms, valid_until_ms),
            invalidated_by: keep_or(new_successor, invalidated_by),
        },
        (
            EntryBody::Tool { description, parameters, examples, constraints },
            BodyPatch::Tool {
                description: new_description,
                parameters: new_parameters,
                examples: new_examples,
                constraints: new_constraints,
            },
        ) => EntryBody::Tool {
            description: keep_or(new_description, description),
            parameters: keep_or(new_parameters, parameters),
            examples: keep_or(new_examples, examples),
            constraints: keep_or(new_constraints, constraints),
        },
        // The entry was looked up by the patch's kind.
        (same, _) => same.clone(),
    }
}
