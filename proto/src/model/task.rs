//! Tasks: what is to be done, who does it, and what has to be done before.

use super::{Id, Json, ScopeRef, words};
use crate::codec::{Decode, Encode};

words! {
    /// How a task stands. Append only.
    #[derive(Default)]
    TaskStatus {
        /// For some time later.
        Backlog = "backlog",
        /// To be done.
        #[default]
        Open = "open",
        /// Somebody works on it.
        InProgress = "in_progress",
        /// Something stands in its way.
        Blocked = "blocked",
        /// Done, and to be looked at.
        Review = "review",
        /// Done.
        Done = "done",
        /// Not to be done.
        WontDo = "wont_do",
    }
}

impl TaskStatus {
    /// Whether nothing is left to be done.
    #[must_use]
    pub const fn is_resolved(self) -> bool {
        matches!(self, Self::Done | Self::WontDo)
    }
}

words! {
    /// What kind of work it is. Append only.
    #[derive(Default)]
    TaskType {
        /// Something is wrong.
        Bug = "bug",
        /// Something new.
        Feature = "feature",
        /// Something better.
        Improvement = "improvement",
        /// Something to be put in order.
        Debt = "debt",
        /// Something to be found out.
        Research = "research",
        /// Something to be answered.
        Question = "question",
        /// Anything else.
        #[default]
        Other = "other",
    }
}

words! {
    /// Who can do it. Append only.
    #[derive(Default)]
    TaskDomain {
        /// An agent.
        #[default]
        Agent = "agent",
        /// Somebody with hands.
        Physical = "physical",
    }
}

words! {
    /// How much hangs on it, most first. Append only.
    #[derive(Default)]
    TaskSeverity {
        /// Everything.
        Critical = "critical",
        /// Much.
        High = "high",
        /// Something.
        #[default]
        Medium = "medium",
        /// Little.
        Low = "low",
    }
}

words! {
    /// How soon it is wanted, soonest first. Append only.
    #[derive(Default)]
    TaskUrgency {
        /// Now.
        Immediate = "immediate",
        /// Soon.
        Soon = "soon",
        /// In its turn.
        #[default]
        Normal = "normal",
        /// Some time.
        Later = "later",
    }
}

/// What its authors say of a task; the default is what holds of a new one unless they say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct TaskDetails {
    /// What is to be done, in one line.
    pub title: String,
    /// The same at length.
    pub description: Option<String>,
    /// What kind of work it is.
    pub task_type: TaskType,
    /// Who can do it.
    pub domain: TaskDomain,
    /// How much hangs on it.
    pub severity: TaskSeverity,
    /// How soon it is wanted.
    pub urgency: TaskUrgency,
    /// A word of its author's.
    pub category: Option<String>,
    /// How it stands.
    pub status: TaskStatus,
    /// How it ended.
    pub resolution: Option<String>,
    /// The file that it is about.
    pub file: Option<String>,
    /// The first line there, from 1.
    pub start_line: Option<u32>,
    /// The last line there.
    pub end_line: Option<u32>,
    /// Which agent has it.
    pub assignee: Option<String>,
    /// Who asked for it.
    pub reporter: Option<String>,
    /// The task that it is a part of: of the same scope, or of one above it.
    pub parent_id: Option<Id>,
    /// When it is to be done.
    pub due_at_ms: Option<i64>,
    /// How long it is thought to take, in minutes.
    pub estimated_minutes: Option<u32>,
    /// How long it took, in minutes.
    pub actual_minutes: Option<u32>,
    /// Tags, sorted.
    pub tags: Vec<String>,
    /// Anything else, as a JSON object.
    pub metadata: Option<Json>,
}

/// A task in its current version.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Task {
    /// Its id.
    pub id: Id,
    /// Where it belongs.
    pub scope: ScopeRef,
    /// What its authors say of it.
    pub details: TaskDetails,
    /// The tasks that have to be done before it, by id.
    pub blockers: Vec<Id>,
    /// Those of them that still stand in its way.
    pub open_blockers: Vec<Id>,
    /// Since when its assignee has it.
    pub assigned_at_ms: Option<i64>,
    /// When somebody first worked on it.
    pub started_at_ms: Option<i64>,
    /// When it was done, or given up.
    pub resolved_at_ms: Option<i64>,
    /// Whether it is to be seen.
    pub is_active: bool,
    /// When it was added.
    pub created_at_ms: i64,
    /// By which agent.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at_ms: i64,
    /// Through which agent.
    pub updated_by: Option<String>,
    /// The number of the version, from 1.
    pub version: u32,
    /// The id of the version.
    pub version_id: Id,
    /// Why it changed.
    pub change_reason: Option<String>,
}

/// What is kept of a version of a task.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TaskVersion {
    /// Its id.
    pub id: Id,
    /// Its number, from 1.
    pub number: u32,
    /// When it was written.
    pub created_at_ms: i64,
    /// By which agent.
    pub created_by: Option<String>,
    /// Why.
    pub change_reason: Option<String>,
    /// What was to be done then.
    pub title: String,
    /// At length.
    pub description: Option<String>,
    /// How it stood.
    pub status: TaskStatus,
    /// How it had ended.
    pub resolution: Option<String>,
    /// Who had it.
    pub assignee: Option<String>,
}
