//! New entries: every field checked, tags and JSON normalised, the agent filled in. Shared by the
//! requests that add entries.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{EntryBody, EntryKind},
    request::{AddEntry, EntryDraft},
};

use super::{
    Call,
    checks::{self, JsonShape},
};
use crate::store::{NewEntry, check_validity};

/// Checks one new entry and gives it its ids. Whether its scope exists is for the write to find out: one
/// that was done before is answered the same again, whatever became of the scope since.
pub(super) fn new_entry(call: &Call, request: AddEntry) -> Result<NewEntry, ErrorBody> {
    checks::scope("scope", request.draft.scope)?;
    let draft = checked(call, request.draft)?;
    Ok(NewEntry { id: request.id.unwrap_or_else(|| call.new_id()), version_id: call.new_id(), draft })
}

fn checked(call: &Call, draft: EntryDraft) -> Result<EntryDraft, ErrorBody> {
    let kind = draft.body.kind();
    entry_name(kind, &draft.name)?;
    checks::optional("changeReason", draft.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    let category = draft.category.or_else(|| default_category(kind));
    checks::category(kind, category.as_ref())?;
    Ok(EntryDraft {
        scope: draft.scope,
        name: draft.name,
        category,
        tags: checks::tags("tags", draft.tags)?,
        metadata: checks::json("metadata", draft.metadata, JsonShape::Object)?,
        body: body(draft.body)?,
        created_by: call.agent_or("createdBy", draft.created_by)?,
        change_reason: draft.change_reason,
    })
}

/// Checks a name or title.
pub(super) fn entry_name(kind: EntryKind, value: &str) -> Result<(), ErrorBody> {
    let chars_max = match kind {
        EntryKind::Knowledge => limits::TITLE_CHARS_MAX,
        EntryKind::Guideline | EntryKind::Tool => limits::NAME_CHARS_MAX,
    };
    checks::name(kind.name_field(), value, chars_max)
}

pub(super) fn default_category(kind: EntryKind) -> Option<String> {
    match kind {
        EntryKind::Guideline => None,
        EntryKind::Knowledge => Some("fact".to_owned()),
        EntryKind::Tool => Some("cli".to_owned()),
    }
}

/// Checks a body.
pub(super) fn body(body: EntryBody) -> Result<EntryBody, ErrorBody> {
    match body {
        EntryBody::Guideline { content, priority, rationale, examples, verification_rules } => {
            checks::required("content", &content, limits::CONTENT_CHARS_MAX)?;
            checks::priority(priority)?;
            checks::optional("rationale", rationale.as_ref(), limits::RATIONALE_CHARS_MAX)?;
            let examples = checks::json("examples", examples, JsonShape::Object)?;
            let verification_rules =
                checks::json("verificationRules", verification_rules, JsonShape::Object)?;
            Ok(EntryBody::Guideline { content, priority, rationale, examples, verification_rules })
        }
        EntryBody::Knowledge {
            content,
            confidence,
            source,
            valid_from_ms,
            valid_until_ms,
            invalidated_by,
        } => {
            checks::required("content", &content, limits::CONTENT_CHARS_MAX)?;
            checks::confidence(confidence)?;
            checks::optional("source", source.as_ref(), limits::RATIONALE_CHARS_MAX)?;
            check_validity(valid_from_ms, valid_until_ms)?;
            Ok(EntryBody::Knowledge {
                content,
                confidence,
                source,
                valid_from_ms,
                valid_until_ms,
                invalidated_by,
            })
        }
        EntryBody::Tool { description, parameters, examples, constraints } => {
            checks::required("description", &description, limits::CONTENT_CHARS_MAX)?;
            checks::optional("constraints", constraints.as_ref(), limits::RATIONALE_CHARS_MAX)?;
            let parameters = checks::json("parameters", parameters, JsonShape::Object)?;
            let examples = checks::json("examples", examples, JsonShape::Array)?;
            Ok(EntryBody::Tool { description, parameters, examples, constraints })
        }
    }
}
