//! Moves entries of a session to its project. They stay what they are: ids, versions, authors and times.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Response,
    event::ChangeAction,
    limits::PROMOTE_ENTRIES_MAX,
    model::{EntryKind, Id, ScopeRef},
    request::{PromoteSession, PromoteStrategy},
    response::{PromotedEntry, SessionPromoted},
};

use super::{
    Applied, scopes,
    transaction::{Step, StoredEntry, WriteTransaction},
};
use crate::store::{Change, StoreError};

/// Entries in the way that a refusal names.
const NAMED_MAX: usize = 5;

pub(super) async fn apply(rows: &impl WriteTransaction, wish: &PromoteSession) -> Applied {
    rows.lock_scopes().await?;
    let from = ScopeRef::session(wish.id);
    let Some(session) = rows.session(wish.id).await? else {
        return Err(super::no_scope(&from, "id"));
    };
    let Some(project) = session.project_id.map(ScopeRef::project) else {
        return Err(StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, format!("the session {} belongs to no project", wish.id))
                .with_field("id")
                .with_value(wish.id)
                .with_suggestion(
                    "Add its entries where they belong; a session gets its project when it starts",
                ),
        ));
    };
    let (from_key, to_key) =
        (scopes::require(rows, &from, "id").await?, scopes::require(rows, &project, "projectId").await?);
    let found = chosen(rows.entries_in(from_key, PROMOTE_ENTRIES_MAX + 1).await?, wish)?;
    let mut entries = Vec::with_capacity(found.len());
    for old in &found {
        let entry = &old.entry;
        let holder = rows.entry_named(to_key, entry.kind(), &entry.name).await?;
        entries.push(PromotedEntry {
            id: entry.id,
            kind: entry.kind(),
            name: entry.name.clone(),
            stays_for: holder.map(|holder| holder.id),
        });
    }
    if wish.strategy == PromoteStrategy::Refuse {
        check_free(&entries)?;
    }
    let mut changes = vec![Change::of_content(from, None)];
    for (old, _) in found.iter().zip(&entries).filter(|(_, promoted)| promoted.stays_for.is_none()) {
        rows.move_entry(old, to_key).await?;
        let event = Event::EntryChanged {
            entry_id: old.entry.id,
            kind: old.entry.kind(),
            scope: project,
            action: ChangeAction::Updated,
            version: old.entry.version.number,
            changed_by: wish.promoted_by.clone(),
        };
        changes.push(Change::of_content(project, Some(event)));
    }
    Ok((Response::SessionPromoted(SessionPromoted { scope: project, entries }), changes))
}

/// Those that are asked for: by their ids, or all that are active.
fn chosen(mut found: Vec<StoredEntry>, wish: &PromoteSession) -> Step<Vec<StoredEntry>> {
    if found.len() > PROMOTE_ENTRIES_MAX {
        return Err(StoreError::refused(
            ErrorBody::new(
                ErrorCode::LimitExceeded,
                format!("the session has more than {PROMOTE_ENTRIES_MAX} entries"),
            )
            .with_field("id")
            .with_value(wish.id)
            .with_suggestion("Export it, and import it into the project with a scope mapping"),
        ));
    }
    if wish.entry_ids.is_empty() {
        found.retain(|old| old.entry.is_active);
        return Ok(found);
    }
    let is_there = |id: &Id| found.iter().any(|old| old.entry.id == *id);
    if let Some(place) = wish.entry_ids.iter().position(|id| !is_there(id)) {
        return Err(StoreError::refused(
            ErrorBody::not_found("entry of the session", wish.entry_ids[place])
                .with_field(format!("ids[{place}]"))
                .with_suggestion("Nothing was moved; list the entries of the session to find their ids"),
        ));
    }
    found.retain(|old| wish.entry_ids.contains(&old.entry.id));
    Ok(found)
}

/// Refuses when names are taken.
fn check_free(entries: &[PromotedEntry]) -> Result<(), StoreError> {
    let taken: Vec<(EntryKind, &str, Id)> = entries
        .iter()
        .filter_map(|entry| entry.stays_for.map(|holder| (entry.kind, entry.name.as_str(), holder)))
        .collect();
    let Some((_, first, _)) = taken.first() else { return Ok(()) };
    let named: Vec<String> =
        taken.iter().take(NAMED_MAX).map(|(kind, name, id)| format!("{kind} {name:?} ({id})")).collect();
    let count = taken.len();
    Err(StoreError::refused(
        ErrorBody::new(
            ErrorCode::AlreadyExists,
            format!("the project has entries of {count} of these names already: {}", named.join(", ")),
        )
        .with_field("conflictStrategy")
        .with_value(first)
        .with_suggestion("Nothing was moved; skip them with conflictStrategy skip, or rename them first"),
    ))
}
