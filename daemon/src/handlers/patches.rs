//! Changes to entries: every field checked, tags and JSON normalised, the agent filled in. Shared
//! by the requests that update entries.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{BodyPatch, Json},
    request::{EntryPatch, UpdateEntry},
};

use super::{
    Call,
    checks::{self, JsonShape},
    drafts,
};
use crate::store::EntryUpdate;

/// Checks one update and gives its version an id.
pub(super) fn entry_update(call: &Call, request: UpdateEntry) -> Result<EntryUpdate, ErrorBody> {
    Ok(EntryUpdate {
        id: request.id,
        version_id: call.new_id(),
        expected_version: request.expected_version,
        patch: checked(call, request.patch)?,
    })
}

fn checked(call: &Call, patch: EntryPatch) -> Result<EntryPatch, ErrorBody> {
    let kind = patch.body.kind();
    if let Some(name) = &patch.name {
        drafts::entry_name(kind, name)?;
    }
    checks::category(kind, patch.category.iter().flatten().next())?;
    checks::optional("changeReason", patch.change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
    Ok(EntryPatch {
        name: patch.name,
        category: patch.category,
        tags: patch.tags.map(|tags| checks::tags("tags", tags)).transpose()?,
        metadata: json("metadata", patch.metadata, JsonShape::Object)?,
        body: body(patch.body)?,
        updated_by: call.agent_or("updatedBy", patch.updated_by)?,
        change_reason: patch.change_reason,
    })
}

fn body(body: BodyPatch) -> Result<BodyPatch, ErrorBody> {
    match body {
        BodyPatch::Guideline { content, priority, rationale, examples, verification_rules } => {
            required("content", content.as_ref())?;
            priority.map_or(Ok(()), checks::priority)?;
            optional("rationale", rationale.as_ref())?;
            let examples = json("examples", examples, JsonShape::Object)?;
            let verification_rules = json("verificationRules", verification_rules, JsonShape::Object)?;
            Ok(BodyPatch::Guideline { content, priority, rationale, examples, verification_rules })
        }
        BodyPatch::Knowledge {
            content,
            confidence,
            source,
            valid_from_ms,
            valid_until_ms,
            invalidated_by,
        } => {
            required("content", content.as_ref())?;
            confidence.map_or(Ok(()), checks::confidence)?;
            optional("source", source.as_ref())?;
            Ok(BodyPatch::Knowledge {
                content,
                confidence,
                source,
                valid_from_ms,
                valid_until_ms,
                invalidated_by,
            })
        }
        BodyPatch::Tool { description, parameters, examples, constraints } => {
            required("description", description.as_ref())?;
            optional("constraints", constraints.as_ref())?;
            let parameters = json("parameters", parameters, JsonShape::Object)?;
            let examples = json("examples", examples, JsonShape::Array)?;
            Ok(BodyPatch::Tool { description, parameters, examples, constraints })
        }
    }
}

fn required(field: &str, value: Option<&String>) -> Result<(), ErrorBody> {
    value.map_or(Ok(()), |value| checks::required(field, value, limits::CONTENT_CHARS_MAX))
}

fn optional(field: &str, value: Option<&Option<String>>) -> Result<(), ErrorBody> {
    checks::optional(field, value.and_then(Option::as_ref), limits::RATIONALE_CHARS_MAX)
}

#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
fn json(
    field: &str,
    value: Option<Option<Json>>,
    shape: JsonShape,
) -> Result<Option<Option<Json>>, ErrorBody> {
    value.map(|value| checks::json(field, value, shape)).transpose()
}
