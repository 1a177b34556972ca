//! Tasks: add, update, get, list, history, deactivate, delete, what blocks them, and claiming one.

use crate::{
    codec::{Decode, Encode},
    limits::PAGE_ROWS_MAX,
    model::{Id, Json, ScopeRef, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency},
};

/// Adds a task.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AddTask {
    /// The id to give it; the daemon makes one when not given.
    pub id: Option<Id>,
    /// Where it belongs; the scope must exist.
    pub scope: ScopeRef,
    /// What it is.
    pub details: TaskDetails,
    /// By which agent; the envelope's when not given.
    pub created_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// Changes a task: what is `None` stays as it is; `Some(None)` clears. Times follow its status: it has started
/// when it is first in progress, and is resolved while it is done or given up.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[allow(clippy::option_option, reason = "keep, clear and set are three different wishes")]
pub struct TaskPatch {
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New kind of work.
    pub task_type: Option<TaskType>,
    /// New domain.
    pub domain: Option<TaskDomain>,
    /// New severity.
    pub severity: Option<TaskSeverity>,
    /// New urgency.
    pub urgency: Option<TaskUrgency>,
    /// New category.
    pub category: Option<Option<String>>,
    /// New status.
    pub status: Option<TaskStatus>,
    /// New resolution.
    pub resolution: Option<Option<String>>,
    /// New file.
    pub file: Option<Option<String>>,
    /// New first line.
    pub start_line: Option<Option<u32>>,
    /// New last line.
    pub end_line: Option<Option<u32>>,
    /// New assignee.
    pub assignee: Option<Option<String>>,
    /// New reporter.
    pub reporter: Option<Option<String>>,
    /// New parent.
    pub parent_id: Option<Option<Id>>,
    /// New due time.
    pub due_at_ms: Option<Option<i64>>,
    /// New estimate.
    pub estimated_minutes: Option<Option<u32>>,
    /// New effort.
    pub actual_minutes: Option<Option<u32>>,
    /// New tags, in the place of all others.
    pub tags: Option<Vec<String>>,
    /// New metadata.
    pub metadata: Option<Option<Json>>,
}

/// Writes a new version of a task.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct UpdateTask {
    /// Which task.
    pub id: Id,
    /// Refuse unless this is its current version.
    pub expected_version: Option<u32>,
    /// The changes.
    pub patch: TaskPatch,
    /// Through which agent; the envelope's when not given.
    pub updated_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// Reads a task, hidden or not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetTask {
    /// Which task.
    pub id: Id,
}

/// Lists tasks: the most severe first, then the most urgent, then the oldest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListTasks {
    /// In which scope; everywhere when not given.
    pub scope: Option<ScopeRef>,
    /// And in those above it.
    pub inherit: bool,
    /// Also those that are hidden.
    pub include_inactive: bool,
    /// Only with one of these; with any when empty.
    pub statuses: Vec<TaskStatus>,
    /// Only of this kind.
    pub task_type: Option<TaskType>,
    /// Only of this domain.
    pub domain: Option<TaskDomain>,
    /// Only of this severity.
    pub severity: Option<TaskSeverity>,
    /// Only of this urgency.
    pub urgency: Option<TaskUrgency>,
    /// Only of this category.
    pub category: Option<String>,
    /// Only those that this agent has.
    pub assignee: Option<String>,
    /// Only the parts of this task.
    pub parent_id: Option<Id>,
    /// Only those that are to be done and cannot: a blocker is not done yet, or their status says so.
    pub only_blocked: bool,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

impl ListTasks {
    /// Every task that is active, in any scope: a page as long as there is.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            scope: None,
            inherit: false,
            include_inactive: false,
            statuses: Vec::new(),
            task_type: None,
            domain: None,
            severity: None,
            urgency: None,
            category: None,
            assignee: None,
            parent_id: None,
            only_blocked: false,
            limit: PAGE_ROWS_MAX,
            offset: 0,
        }
    }
}

/// Lists the versions of a task, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TaskHistory {
    /// Which task.
    pub id: Id,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Hides a task; it blocks no other from then on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeactivateTask {
    /// Which task.
    pub id: Id,
    /// Through which agent; the envelope's when not given.
    pub updated_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// Removes a task for good; refused while it has parts.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeleteTask {
    /// Which task.
    pub id: Id,
}

/// Says that a task has to be done before another.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AddTaskBlocker {
    /// The task that has to wait.
    pub id: Id,
    /// The task that it waits for.
    pub blocker_id: Id,
    /// Through which agent; the envelope's when not given.
    pub updated_by: Option<String>,
}

/// Takes that back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RemoveTaskBlocker {
    /// The task that had to wait.
    pub id: Id,
    /// The task that it waited for.
    pub blocker_id: Id,
    /// Through which agent; the envelope's when not given.
    pub updated_by: Option<String>,
}

/// Takes a task: it is the agent's, and in progress. One agent gets it; the others are told who has it, and since
/// when. Who has it already keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ClaimTask {
    /// Which task.
    pub id: Id,
    /// For which agent; the envelope's when not given.
    pub agent_id: Option<String>,
}
