//! An entry takes the place of others: they are hidden, and say which one it is. Knowledge is invalid from then on, so
//! that a question about an earlier time still finds it.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Entry, EntryBody, EntryKind, Id},
    response::{EntryAdded, RememberedInstead, WriteAction},
};

use super::{
    Applied, add_entries,
    refusals::{at_position, no_entry},
    remember,
    reports::report,
    revision::Revision,
    transaction::{Step, StoredEntry, WriteTransaction},
    words::text_of_draft,
};
use crate::store::{StoreError, Succession};

pub(super) async fn apply(rows: &impl WriteTransaction, new: &Succession, at_ms: i64) -> Applied {
    let (reply, mut changes) = match &new.inferred_by {
        None => {
            let text = text_of_draft(&new.entry.draft);
            add_entries::apply(rows, std::slice::from_ref(&new.entry), &[text], false, at_ms).await?
        }
        Some(rule) => remember::apply(rows, &new.entry, rule, at_ms).await?,
    };
    let successor = match &reply {
        Response::Written(written) => written.clone(),
        Response::Remembered(remembered) => remembered.written.clone(),
        other => return Err(StoreError::Other(format!("an entry was added with the answer {other:?}"))),
    };
    let by = new.entry.draft.created_by.as_deref();
    let mut superseded = Vec::with_capacity(new.supersedes.len());
    for (position, (id, version_id)) in new.supersedes.iter().enumerate() {
        let revision = Revision {
            version_id: *version_id,
            updated_by: by.map(str::to_owned),
            change_reason: Some(reason(successor.id)),
            at_ms,
        };
        let hidden = retire(rows, successor.kind, *id, successor.id, revision).await;
        let entry = hidden.map_err(|error| at_position(error, true, "supersedes", position))?;
        let (written, change) = report(&entry, WriteAction::Deactivated, at_ms, by);
        superseded.push(written);
        changes.push(change);
    }
    let reply = match reply {
        Response::Remembered(remembered) => {
            Response::RememberedInstead(Box::new(RememberedInstead { remembered, superseded }))
        }
        _ => {
            Response::EntryAdded(Box::new(EntryAdded { written: successor, superseded, similar: Vec::new() }))
        }
    };
    Ok((reply, changes))
}

/// Finds an entry of whatever kind, that of its successor first, and hides it.
async fn retire(
    rows: &impl WriteTransaction,
    likely: EntryKind,
    id: Id,
    successor: Id,
    revision: Revision,
) -> Step<Entry> {
    let mut found = rows.entry(likely, id).await?;
    for kind in EntryKind::ALL.into_iter().filter(|kind| *kind != likely) {
        if found.is_none() {
            found = rows.entry(kind, id).await?;
        }
    }
    let old = found.ok_or_else(|| unnamed(no_entry(likely, id, "")))?;
    if id == successor {
        let body = ErrorBody::invalid("", id, "the id of another entry");
        return Err(unnamed(StoreError::refused(body)));
    }
    if !old.entry.is_active {
        let message = format!("{id} is hidden already{}", told(&old.entry));
        let body = ErrorBody::new(ErrorCode::Conflict, message).with_value(id);
        return Err(StoreError::refused(
            body.with_suggestion("Nothing was stored; read its history, and leave it out if that is right"),
        ));
    }
    hide(rows, &old, successor, revision).await
}

/// The position in the list is its only name.
fn unnamed(error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(mut body) => {
            body.field = None;
            StoreError::Refused(body)
        }
        other => other,
    }
}

fn told(entry: &Entry) -> String {
    entry.version.change_reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason:?})"))
}

/// What the history of an entry says that made room for another.
pub(super) fn reason(successor: Id) -> String {
    format!("superseded by {successor}")
}

/// Hides an entry in favour of another.
pub(super) async fn hide(
    rows: &impl WriteTransaction,
    old: &StoredEntry,
    successor: Id,
    revision: Revision,
) -> Step<Entry> {
    let at_ms = revision.at_ms;
    let mut entry = Entry { is_active: false, ..revision.of(&old.entry) };
    if let EntryBody::Knowledge { valid_from_ms, valid_until_ms, invalidated_by, .. } =
        &mut entry.version.body
    {
        *invalidated_by = Some(successor);
        // What was to be valid later only has no time in which it was.
        if valid_from_ms.is_none_or(|from_ms| from_ms < at_ms) {
            *valid_until_ms = Some(valid_until_ms.map_or(at_ms, |until_ms| until_ms.min(at_ms)));
        }
    }
    rows.replace_entry(old, &entry).await?;
    Ok(entry)
}
