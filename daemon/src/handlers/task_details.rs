//! Tasks as their authors give them: every field checked, tags and JSON normalised. Shared by the requests that
//! add and change tasks.

use agent_memory_proto::{
    ErrorBody, limits,
    model::{Id, Json, TaskDetails},
    request::TaskPatch,
};

use super::{
    Call,
    checks::{self, JsonShape},
};
use crate::store::TaskChange;

impl Call {
    /// Who writes a version of a task, and its id.
    pub(super) fn task_change(
        &self,
        id: Id,
        updated_by: Option<String>,
        change_reason: Option<String>,
    ) -> Result<TaskChange, ErrorBody> {
        checks::optional("changeReason", change_reason.as_ref(), limits::RATIONALE_CHARS_MAX)?;
        let updated_by = self.agent_or("updatedBy", updated_by)?;
        Ok(TaskChange { id, version_id: self.new_id(), updated_by, change_reason })
    }
}

/// Checks what is said of a new task.
pub(super) fn checked(details: TaskDetails) -> Result<TaskDetails, ErrorBody> {
    checks::name("title", &details.title, limits::TITLE_CHARS_MAX)?;
    checks::optional("description", details.description.as_ref(), limits::CONTENT_CHARS_MAX)?;
    texts(
        details.category.as_ref(),
        details.resolution.as_ref(),
        details.file.as_ref(),
        details.assignee.as_ref(),
        details.reporter.as_ref(),
    )?;
    numbers(
        details.start_line,
        details.end_line,
        details.estimated_minutes,
        details.actual_minutes,
        details.due_at_ms,
    )?;
    Ok(TaskDetails {
        tags: checks::tags("tags", details.tags)?,
        metadata: checks::json("metadata", details.metadata, JsonShape::Object)?,
        ..details
    })
}

/// Checks what changes in a task.
pub(super) fn checked_patch(patch: TaskPatch) -> Result<TaskPatch, ErrorBody> {
    if let Some(title) = &patch.title {
        checks::name("title", title, limits::TITLE_CHARS_MAX)?;
    }
    checks::optional("description", given(patch.description.as_ref()), limits::CONTENT_CHARS_MAX)?;
    texts(
        given(patch.category.as_ref()),
        given(patch.resolution.as_ref()),
        given(patch.file.as_ref()),
        given(patch.assignee.as_ref()),
        given(patch.reporter.as_ref()),
    )?;
    numbers(
        patch.start_line.flatten(),
        patch.end_line.flatten(),
        patch.estimated_minutes.flatten(),
        patch.actual_minutes.flatten(),
        patch.due_at_ms.flatten(),
    )?;
    Ok(TaskPatch {
        tags: patch.tags.map(|tags| checks::tags("tags", tags)).transpose()?,
        metadata: patch.metadata.map(metadata).transpose()?,
        ..patch
    })
}

fn given<T>(change: Option<&Option<T>>) -> Option<&T> {
    change.and_then(Option::as_ref)
}

fn metadata(value: Option<Json>) -> Result<Option<Json>, ErrorBody> {
    checks::json("metadata", value, JsonShape::Object)
}

fn texts(
    category: Option<&String>,
    resolution: Option<&String>,
    file: Option<&String>,
    assignee: Option<&String>,
    reporter: Option<&String>,
) -> Result<(), ErrorBody> {
    for (field, value, chars_max) in [
        ("category", category, limits::TAG_CHARS_MAX),
        ("file", file, limits::PATH_BYTES_MAX),
        ("assignee", assignee, limits::TAG_CHARS_MAX),
        ("reporter", reporter, limits::TAG_CHARS_MAX),
    ] {
        value.map_or(Ok(()), |value| checks::name(field, value, chars_max))?;
    }
    checks::optional("resolution", resolution, limits::DESCRIPTION_CHARS_MAX)
}

fn numbers(
    start_line: Option<u32>,
    end_line: Option<u32>,
    estimated_minutes: Option<u32>,
    actual_minutes: Option<u32>,
    due_at_ms: Option<i64>,
) -> Result<(), ErrorBody> {
    for (field, value, min, max) in [
        ("startLine", start_line, 1, limits::TASK_LINE_MAX),
        ("endLine", end_line, 1, limits::TASK_LINE_MAX),
        ("estimatedMinutes", estimated_minutes, 0, limits::TASK_MINUTES_MAX),
        ("actualMinutes", actual_minutes, 0, limits::TASK_MINUTES_MAX),
    ] {
        if let Some(value) = value.filter(|value| !(min..=max).contains(value)) {
            return Err(ErrorBody::invalid(field, value, format!("{min} to {max}")));
        }
    }
    match due_at_ms.filter(|at_ms| !(0..=DUE_MS_MAX).contains(at_ms)) {
        Some(at_ms) => Err(ErrorBody::invalid("dueDate", at_ms, "a time from 1970 to 9999")),
        None => Ok(()),
    }
}

/// The end of the year 9999.
const DUE_MS_MAX: i64 = 253_402_300_799_999;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_out_of_range_are_refused_by_name() {
        for (patch, field) in [
            (TaskPatch { start_line: Some(Some(0)), ..TaskPatch::default() }, "startLine"),
            (TaskPatch { actual_minutes: Some(Some(u32::MAX)), ..TaskPatch::default() }, "actualMinutes"),
            (TaskPatch { due_at_ms: Some(Some(-1)), ..TaskPatch::default() }, "dueDate"),
            (TaskPatch { assignee: Some(Some("a\nb".to_owned())), ..TaskPatch::default() }, "assignee"),
            (TaskPatch { title: Some(String::new()), ..TaskPatch::default() }, "title"),
        ] {
            assert_eq!(checked_patch(patch).expect_err(field).field.as_deref(), Some(field));
        }
        checked_patch(TaskPatch { assignee: Some(None), ..TaskPatch::default() }).expect("clearing is fine");
    }
}
