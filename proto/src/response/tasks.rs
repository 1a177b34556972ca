//! Tasks, and what became of them.

use crate::{
    codec::{Decode, Encode},
    model::{Id, Task, TaskStatus, TaskVersion},
};

/// What a write did to a task. Append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum TaskAction {
    /// It is new.
    Added,
    /// It has a new version.
    Updated,
    /// It was hidden.
    Deactivated,
    /// It was removed for good.
    Deleted,
    /// It is the agent's now.
    Claimed,
    /// It was the agent's before, and nothing changed.
    Kept,
    /// It waits for another task now.
    BlockerAdded,
    /// It waits for that task no more.
    BlockerRemoved,
}

impl TaskAction {
    /// The public name, as `claimed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
            Self::Claimed => "claimed",
            Self::Kept => "kept",
            Self::BlockerAdded => "blocker_added",
            Self::BlockerRemoved => "blocker_removed",
        }
    }
}

/// A write of a task is durable.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TaskWritten {
    /// What was done.
    pub action: TaskAction,
    /// The task as it stands; as it stood, if it was removed.
    pub task: Task,
    /// How it stood before; `None` for a new one.
    pub previous_status: Option<TaskStatus>,
}

/// A page of tasks.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Whether more follow.
    pub has_more: bool,
}

/// Versions of a task, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TaskVersions {
    /// Which task.
    pub task_id: Id,
    /// Its title now.
    pub title: String,
    /// The number of its current version.
    pub current: u32,
    /// The versions.
    pub versions: Vec<TaskVersion>,
    /// Whether more follow.
    pub has_more: bool,
}
