//! Updates entries, all or none: each gets a new version. A deactivated entry can be updated and
//! stays deactivated.

use agent_memory_proto::{
    model::{BodyPatch, Entry, EntryBody, Version},
    request::EntryPatch,
    response::WriteAction,
};

use super::{
    Applied,
    refusals::{at_position, check_validity, check_version, entry_taken, no_entry},
    reports::{entries_reply, report},
    transaction::{Step, WriteTransaction},
};
use crate::store::{EntryUpdate, StoreError};

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    updates: &[EntryUpdate],
    bulk: bool,
    conflict_window_ms: i64,
    at_ms: i64,
) -> Applied {
    let mut written = Vec::with_capacity(updates.len());
    let mut changes = Vec::with_capacity(updates.len());
    for (position, update) in updates.iter().enumerate() {
        let updated = update_one(rows, update, conflict_window_ms, at_ms).await;
        let entry = updated.map_err(|error| at_position(error, bulk, "updates", position))?;
        let (answer, change) = report(&entry, WriteAction::Updated, at_ms, entry.updated_by.as_deref());
        written.push(answer);
        changes.push(change);
    }
    Ok((entries_reply(written, bulk), changes))
}

async fn update_one(
    rows: &impl WriteTransaction,
    update: &EntryUpdate,
    conflict_window_ms: i64,
    at_ms: i64,
) -> Step<Entry> {
    let kind = update.patch.body.kind();
    let old = rows.entry(kind, update.id).await?.ok_or_else(|| no_entry(kind, update.id, "id"))?;
    let new = next_version(&old.entry, update, conflict_window_ms, at_ms)?;
    if !rows.replace_entry(&old, &new).await? {
        return Err(entry_taken(rows, old.scope_key, &new).await?);
    }
    if new.version.conflict {
        rows.insert_conflict(&old, &new, at_ms).await?;
    }
    Ok(new)
}

/// An entry as it will stand after an update.
///
/// # Errors
/// `Conflict` when it is not at the expected version.
pub(in crate::store) fn next_version(
    old: &Entry,
    update: &EntryUpdate,
    conflict_window_ms: i64,
    at_ms: i64,
) -> Step<Entry> {
    check_version("entry", old.id, old.version.number, update.expected_version)?;
    let mut entry = patched(old, &update.patch, at_ms);
    check_dates(&entry.version.body, &update.patch.body)?;
    entry.version.id = update.version_id;
    entry.version.conflict = update.expected_version.is_none()
        && is_conflict(&old.version, update.patch.updated_by.as_deref(), conflict_window_ms, at_ms);
    Ok(entry)
}

/// What is changed and what stays the same fit together; what did not before is no hindrance to other changes.
fn check_dates(body: &EntryBody, patch: &BodyPatch) -> Step<()> {
    match (body, patch) {
        (
            EntryBody::Knowledge { valid_from_ms, valid_until_ms, .. },
            BodyPatch::Knowledge { valid_from_ms: from, valid_until_ms: until, .. },
        ) if from.is_some() || until.is_some() => {
            check_validity(*valid_from_ms, *valid_until_ms).map_err(StoreError::refused)
        }
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
