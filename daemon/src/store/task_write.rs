//! Writes of tasks: what the handlers hand to a store, checked, with its ids.

use agent_memory_proto::{
    model::{Id, ScopeRef, TaskDetails},
    request::TaskPatch,
};

/// A task to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// Its id.
    pub id: Id,
    /// The id of its first version.
    pub version_id: Id,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// What it is.
    pub details: TaskDetails,
    /// Which agent.
    pub created_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// A new version of a task: whose, by whom and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskChange {
    /// Which task.
    pub id: Id,
    /// The id of the version.
    pub version_id: Id,
    /// Which agent.
    pub updated_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
}

/// One change of one task. Answered with `TaskWritten`.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskWrite {
    /// Adds it.
    Add(Box<NewTask>),
    /// Changes what is said of it.
    Update {
        /// Which task, and by whom.
        change: TaskChange,
        /// Refuse unless this is its current version.
        expected_version: Option<u32>,
        /// The changes.
        patch: Box<TaskPatch>,
    },
    /// Hides it; hiding a hidden one changes nothing.
    Deactivate(TaskChange),
    /// Removes it for good.
    Delete {
        /// Which task.
        id: Id,
        /// Which agent.
        deleted_by: Option<String>,
    },
    /// It waits for another task from now on; saying so twice changes nothing.
    AddBlocker {
        /// Which task, and by whom.
        change: TaskChange,
        /// The task that it waits for.
        blocker_id: Id,
    },
    /// It waits for that task no more.
    RemoveBlocker {
        /// Which task, and by whom.
        change: TaskChange,
        /// The task that it waited for.
        blocker_id: Id,
    },
    /// It is the agent's, and in progress.
    Claim {
        /// Which task.
        id: Id,
        /// The id of the version.
        version_id: Id,
        /// For which agent.
        agent_id: String,
    },
}
