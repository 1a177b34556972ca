//! Takes the steps of a consolidation or of forgetting, all or none: each only while its entry is what it was when the
//! step was decided.

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Entry, Version},
    response::WriteAction,
};

use super::{
    Applied,
    reports::report,
    revision::Revision,
    scopes, supersede,
    transaction::{Step, StoredEntry, WriteTransaction},
};
use crate::store::{StoreError, Tidy, TidyChange, TidyStep};

pub(super) async fn apply(rows: &impl WriteTransaction, tidy: &Tidy, at_ms: i64) -> Applied {
    scopes::require(rows, &tidy.scope, "scopeId").await?;
    let mut changes = Vec::with_capacity(tidy.steps.len());
    for step in &tidy.steps {
        let old = unchanged(rows, step).await?;
        let revision = |change_reason: String| Revision {
            version_id: step.version_id,
            updated_by: tidy.by.clone(),
            change_reason: Some(change_reason),
            at_ms,
        };
        let (entry, action) = match &step.change {
            TidyChange::Keep => continue,
            TidyChange::Hide { reason } => {
                let entry = Entry { is_active: false, ..revision(reason.clone()).of(&old.entry) };
                rows.replace_entry(&old, &entry).await?;
                (entry, WriteAction::Deactivated)
            }
            TidyChange::Supersede { successor } => {
                let revision = revision(supersede::reason(*successor));
                let entry = supersede::hide(rows, &old, *successor, revision).await?;
                (entry, WriteAction::Deactivated)
            }
            TidyChange::Merge { body, tags, reason } => {
                let next = revision(reason.clone()).of(&old.entry);
                let version = Version { body: body.clone(), ..next.version };
                let entry = Entry { tags: tags.clone(), version, ..next };
                rows.replace_entry(&old, &entry).await?;
                (entry, WriteAction::Updated)
            }
        };
        changes.push(report(&entry, action, at_ms, tidy.by.as_deref()).1);
    }
    Ok((tidy.answer.clone(), changes))
}

/// The entry of a step, unless somebody changed it since.
async fn unchanged(rows: &impl WriteTransaction, step: &TidyStep) -> Step<StoredEntry> {
    let found = rows.entry(step.kind, step.id).await?;
    let is_as_it_was =
        |old: &StoredEntry| old.entry.is_active && old.entry.version.number == step.expected_version;
    found.filter(is_as_it_was).ok_or_else(|| {
        let message = format!("the {} {} was changed meanwhile; nothing was done", step.kind, step.id);
        StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, message)
                .with_value(step.id)
                .with_suggestion("Ask again: what is answered then is of what is there now"),
        )
    })
}
