//! Adds an entry made from plain text, unless its name is taken: then by the same text, and nothing
//! is added, or by another one, and the new entry's name gets a number.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::Entry,
    response::{Remembered, WriteAction},
};

use super::{
    Applied, add_entries, reports::report, scopes, transaction::WriteTransaction, words::text_of_draft,
};
use crate::store::{NewEntry, StoreError};

/// Texts of one name get a number; nobody has as many.
const SAME_NAMES_MAX: u32 = 1_000;

pub(super) async fn apply(
    rows: &impl WriteTransaction,
    new: &NewEntry,
    inferred_by: &str,
    at_ms: i64,
) -> Applied {
    let scope_key = scopes::require(rows, &new.draft.scope, "scopeId").await?;
    let remembered = |entry: &Entry, action, existed| {
        let (written, change) = report(entry, action, at_ms, new.draft.created_by.as_deref());
        let remembered = Remembered {
            written,
            existed,
            category: entry.category.clone(),
            inferred_by: inferred_by.to_owned(),
            similar: Vec::new(),
        };
        (Response::Remembered(remembered), if existed { Vec::new() } else { vec![change] })
    };
    let mut new = new.clone();
    let first_name = new.draft.name.clone();
    for number in 2..SAME_NAMES_MAX {
        match rows.entry_named(scope_key, new.draft.body.kind(), &new.draft.name).await? {
            None => {
                let entry = add_entries::add(rows, &new, &text_of_draft(&new.draft), at_ms).await?;
                return Ok(remembered(&entry, WriteAction::Added, false));
            }
            Some(entry) if entry.is_active && entry.version.body.text() == new.draft.body.text() => {
                return Ok(remembered(&entry, WriteAction::Updated, true));
            }
            Some(_) => new.draft.name = format!("{first_name} ({number})"),
        }
    }
    Err(StoreError::refused(
        ErrorBody::new(ErrorCode::AlreadyExists, "too many entries have this name")
            .with_field("name")
            .with_value(&first_name)
            .with_suggestion("Add it under a name of its own"),
    ))
}
