//! Tasks: every request and response about them, and their words.

use agent_memory_proto::{Request, Response, event::Event, model::*, request::*, response::*};

use super::{AT_MS, id, json, named_variants, tags, text, values::encoded};

pub(crate) fn requests() -> Vec<Request> {
    vec![
        Request::AddTask(Box::new(AddTask {
            id: Some(id(30)),
            scope: ScopeRef::project(id(2)),
            details: details(),
            created_by: text("claude"),
            change_reason: text("first"),
        })),
        Request::UpdateTask(Box::new(UpdateTask {
            id: id(30),
            expected_version: Some(3),
            patch: patch(),
            updated_by: text("claude"),
            change_reason: text("better known"),
        })),
        Request::GetTask(GetTask { id: id(30) }),
        Request::ListTasks(ListTasks {
            scope: Some(ScopeRef::project(id(2))),
            inherit: true,
            include_inactive: true,
            statuses: vec![TaskStatus::Open, TaskStatus::Review],
            task_type: Some(TaskType::Bug),
            domain: Some(TaskDomain::Agent),
            severity: Some(TaskSeverity::High),
            urgency: Some(TaskUrgency::Soon),
            category: text("engine"),
            assignee: text("claude"),
            parent_id: Some(id(31)),
            only_blocked: true,
            limit: 20,
            offset: 40,
        }),
        Request::TaskHistory(TaskHistory { id: id(30), limit: 20, offset: 0 }),
        Request::DeactivateTask(DeactivateTask {
            id: id(30),
            updated_by: text("claude"),
            change_reason: text("doubled"),
        }),
        Request::DeleteTask(DeleteTask { id: id(30) }),
        Request::AddTaskBlocker(AddTaskBlocker {
            id: id(30),
            blocker_id: id(32),
            updated_by: text("claude"),
        }),
        Request::RemoveTaskBlocker(RemoveTaskBlocker {
            id: id(30),
            blocker_id: id(32),
            updated_by: text("claude"),
        }),
        Request::ClaimTask(ClaimTask { id: id(30), agent_id: text("claude") }),
    ]
}

pub(crate) fn responses() -> Vec<Response> {
    vec![
        Response::Task(Box::new(task())),
        Response::Tasks(TaskPage { tasks: vec![task()], has_more: true }),
        Response::TaskHistory(TaskVersions {
            task_id: id(30),
            title: "Rewrite the nozzle".to_owned(),
            current: 4,
            versions: vec![version()],
            has_more: false,
        }),
        Response::TaskWritten(Box::new(TaskWritten {
            action: TaskAction::Claimed,
            task: task(),
            previous_status: Some(TaskStatus::Open),
        })),
    ]
}

pub(crate) fn event() -> Event {
    Event::TaskChanged {
        task_id: id(30),
        scope: ScopeRef::project(id(2)),
        action: TaskAction::Claimed,
        status: TaskStatus::InProgress,
        assignee: text("claude"),
        version: 4,
        changed_by: text("claude"),
    }
}

fn details() -> TaskDetails {
    TaskDetails {
        title: "Rewrite the nozzle".to_owned(),
        description: text("It leaks at full thrust"),
        task_type: TaskType::Improvement,
        domain: TaskDomain::Physical,
        severity: TaskSeverity::Critical,
        urgency: TaskUrgency::Immediate,
        category: text("engine"),
        status: TaskStatus::InProgress,
        resolution: text("welded"),
        file: text("src/rocket/engine.rs"),
        start_line: Some(10),
        end_line: Some(20),
        assignee: text("claude"),
        reporter: text("ada"),
        parent_id: Some(id(31)),
        due_at_ms: Some(AT_MS),
        estimated_minutes: Some(90),
        actual_minutes: Some(120),
        tags: tags(),
        metadata: json(r#"{"a":1}"#),
    }
}

fn patch() -> TaskPatch {
    TaskPatch {
        title: text("Rewrite the nozzle"),
        description: Some(text("It leaks")),
        task_type: Some(TaskType::Debt),
        domain: Some(TaskDomain::Agent),
        severity: Some(TaskSeverity::Low),
        urgency: Some(TaskUrgency::Later),
        category: Some(None),
        status: Some(TaskStatus::Done),
        resolution: Some(text("welded")),
        file: Some(None),
        start_line: Some(Some(1)),
        end_line: Some(None),
        assignee: Some(text("ada")),
        reporter: Some(None),
        parent_id: Some(Some(id(31))),
        due_at_ms: Some(Some(AT_MS)),
        estimated_minutes: Some(Some(5)),
        actual_minutes: Some(Some(6)),
        tags: Some(tags()),
        metadata: Some(json("{}")),
    }
}

pub(super) fn task() -> Task {
    Task {
        id: id(30),
        scope: ScopeRef::project(id(2)),
        details: details(),
        blockers: vec![id(32), id(33)],
        open_blockers: vec![id(33)],
        assigned_at_ms: Some(AT_MS),
        started_at_ms: Some(AT_MS),
        resolved_at_ms: Some(AT_MS),
        is_active: true,
        created_at_ms: AT_MS,
        created_by: text("ada"),
        updated_at_ms: AT_MS,
        updated_by: text("claude"),
        version: 4,
        version_id: id(34),
        change_reason: text("claimed"),
    }
}

pub(super) fn version() -> TaskVersion {
    TaskVersion {
        id: id(34),
        number: 4,
        created_at_ms: AT_MS,
        created_by: text("claude"),
        change_reason: text("claimed"),
        title: "Rewrite the nozzle".to_owned(),
        description: text("It leaks"),
        status: TaskStatus::InProgress,
        resolution: text("welded"),
        assignee: text("claude"),
    }
}

/// The words of tasks, by `type.variant`.
pub(crate) fn words() -> Vec<(String, Vec<u8>)> {
    let mut all = encoded(
        "task_status",
        named_variants!(TaskStatus::ALL.to_vec(), {
            TaskStatus::Backlog => "backlog",
            TaskStatus::Open => "open",
            TaskStatus::InProgress => "in_progress",
            TaskStatus::Blocked => "blocked",
            TaskStatus::Review => "review",
            TaskStatus::Done => "done",
            TaskStatus::WontDo => "wont_do",
        }),
    );
    all.extend(encoded(
        "task_type",
        named_variants!(TaskType::ALL.to_vec(), {
            TaskType::Bug => "bug",
            TaskType::Feature => "feature",
            TaskType::Improvement => "improvement",
            TaskType::Debt => "debt",
            TaskType::Research => "research",
            TaskType::Question => "question",
            TaskType::Other => "other",
        }),
    ));
    all.extend(encoded(
        "task_domain",
        named_variants!(TaskDomain::ALL.to_vec(), {
            TaskDomain::Agent => "agent",
            TaskDomain::Physical => "physical",
        }),
    ));
    all.extend(encoded(
        "task_severity",
        named_variants!(TaskSeverity::ALL.to_vec(), {
            TaskSeverity::Critical => "critical",
            TaskSeverity::High => "high",
            TaskSeverity::Medium => "medium",
            TaskSeverity::Low => "low",
        }),
    ));
    all.extend(encoded(
        "task_urgency",
        named_variants!(TaskUrgency::ALL.to_vec(), {
            TaskUrgency::Immediate => "immediate",
            TaskUrgency::Soon => "soon",
            TaskUrgency::Normal => "normal",
            TaskUrgency::Later => "later",
        }),
    ));
    all.extend(actions());
    all
}

fn actions() -> Vec<(String, Vec<u8>)> {
    use TaskAction as Action;
    let all = [
        Action::Added,
        Action::Updated,
        Action::Deactivated,
        Action::Deleted,
        Action::Claimed,
        Action::Kept,
        Action::BlockerAdded,
        Action::BlockerRemoved,
    ];
    encoded(
        "task_action",
        named_variants!(all, {
            Action::Added => "added",
            Action::Updated => "updated",
            Action::Deactivated => "deactivated",
            Action::Deleted => "deleted",
            Action::Claimed => "claimed",
            Action::Kept => "kept",
            Action::BlockerAdded => "blocker_added",
            Action::BlockerRemoved => "blocker_removed",
        }),
    )
}
