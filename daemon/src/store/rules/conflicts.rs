//! Resolves conflicts: once, with a version of the entry that says what was picked.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Conflict, EntryBody},
    request::ConflictPick,
    response::{ConflictResolved, WriteAction},
};

use super::{
    Applied,
    refusals::{check_version, no_entry},
    reports::report,
    revision::Revision,
    transaction::{Step, StoredEntry, WriteTransaction},
};
use crate::store::{Resolution, StoreError};

pub(super) async fn resolve(rows: &impl WriteTransaction, wish: &Resolution, at_ms: i64) -> Applied {
    let Some(conflict) = rows.conflict(wish.id).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("conflict", wish.id).with_field("id").with_suggestion(
                "List the conflicts to find the id; those of a removed entry are gone with it",
            ),
        ));
    };
    if let Some(resolved_ms) = conflict.resolved_at_ms {
        return Err(StoreError::refused(resolved_before(&conflict, at_ms - resolved_ms)));
    }
    let mut changes = Vec::new();
    let mut written = None;
    if wish.pick != ConflictPick::Current {
        let (kind, id) = (conflict.kind, conflict.entry_id);
        let old = rows.entry(kind, id).await?.ok_or_else(|| no_entry(kind, id, "id"))?;
        // Picks are of what was known: whoever changed the entry since is not overruled unseen.
        let known = wish.expected_version.unwrap_or(conflict.second.version);
        check_version("entry", id, old.entry.version.number, Some(known))?;
        let revision = Revision {
            version_id: wish.version_id,
            updated_by: wish.resolved_by.clone(),
            change_reason: Some(wish.resolution.clone()),
            at_ms,
        };
        let mut entry = revision.of(&old.entry);
        entry.version.body = picked(rows, &old, &conflict, &wish.pick).await?;
        rows.replace_entry(&old, &entry).await?;
        let (answer, change) = report(&entry, WriteAction::Updated, at_ms, entry.updated_by.as_deref());
        written = Some(answer);
        changes.push(change);
    }
    rows.resolve_conflict(wish, at_ms).await?;
    let conflict = Conflict {
        entry_version: written.as_ref().map_or(conflict.entry_version, |written| written.version),
        resolved_at_ms: Some(at_ms),
        resolved_by: wish.resolved_by.clone(),
        resolution: Some(wish.resolution.clone()),
        ..conflict
    };
    Ok((Response::ConflictResolved(Box::new(ConflictResolved { conflict, written })), changes))
}

/// What the entry is to say.
async fn picked(
    rows: &impl WriteTransaction,
    old: &StoredEntry,
    conflict: &Conflict,
    pick: &ConflictPick,
) -> Step<EntryBody> {
    let number = match pick {
        ConflictPick::Current => old.entry.version.number,
        ConflictPick::First => conflict.first.version,
        ConflictPick::Second => conflict.second.version,
        ConflictPick::Merged(content) => return Ok(merged(old.entry.version.body.clone(), content)),
    };
    if number == old.entry.version.number {
        return Ok(old.entry.version.body.clone());
    }
    rows.version(old, number).await?.map(|version| version.body).ok_or_else(|| {
        StoreError::refused(
            ErrorBody::new(ErrorCode::NotFound, format!("version {number} of {} is gone", conflict.entry_id))
                .with_field("keep")
                .with_suggestion("Give the merged content"),
        )
    })
}

fn merged(mut body: EntryBody, text: &str) -> EntryBody {
    match &mut body {
        EntryBody::Guideline { content, .. } | EntryBody::Knowledge { content, .. } => {
            text.clone_into(content)
        }
        EntryBody::Tool { description, .. } => text.clone_into(description),
    }
    body
}

fn resolved_before(conflict: &Conflict, ago_ms: i64) -> ErrorBody {
    let by = conflict.resolved_by.as_deref().unwrap_or("nobody that gave a name");
    let how = conflict.resolution.as_deref().unwrap_or_default();
    let message = format!("the conflict was resolved by {by:?} {} s ago: {how:?}", ago_ms.max(0) / 1_000);
    ErrorBody::new(ErrorCode::Conflict, message)
        .with_field("id")
        .with_value(conflict.id)
        .with_suggestion("Look at the entry; update it if it does not say what it should")
}
