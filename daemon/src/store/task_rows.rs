//! How tasks stand in rows, for every backend: their tables, a task as the cells of a row and back, and the
//! conditions of a list.

use std::fmt::Write as _;

use agent_memory_proto::{
    model::{Json, ScopeRef, Task, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency},
    request::ListTasks,
};

use super::{
    StoreError,
    cells::{Cells, id_cell, narrow, place},
    copy::{
        Cell, Column,
        ColumnKind::{self, Big, Flag, Integer, Small, Tags, Text},
        Row, Table, column as c,
    },
};

/// The columns of a task. All but the first, which the database gives, are in the order of [`cells_of`].
pub(in crate::store) const TASKS: Table = Table {
    name: "tasks",
    columns: &[
        c("key", Big),
        c("id", ColumnKind::Id),
        c("scope", Big),
        c("is_active", Flag),
        c("status", Small),
        c("task_type", Small),
        c("domain", Small),
        c("severity", Small),
        c("urgency", Small),
        c("version", Integer),
        c("version_id", ColumnKind::Id),
        c("created_at_ms", Big),
        c("created_by", Text),
        c("updated_at_ms", Big),
        c("updated_by", Text),
        c("assignee", Text),
        c("assigned_at_ms", Big),
        c("reporter", Text),
        c("parent", ColumnKind::Id),
        c("due_at_ms", Big),
        c("started_at_ms", Big),
        c("resolved_at_ms", Big),
        c("estimated_minutes", Integer),
        c("actual_minutes", Integer),
        c("start_line", Integer),
        c("end_line", Integer),
        c("title", Text),
        c("description", Text),
        c("category", Text),
        c("resolution", Text),
        c("file", Text),
        c("tags", Tags),
        c("metadata", Text),
        c("change_reason", Text),
    ],
    order: "key",
    rows_of_new_store: 0,
};

/// What has to be done before a task.
pub(in crate::store) const TASK_BLOCKERS: Table = Table {
    name: "task_blockers",
    columns: &[c("task", Big), c("blocker", Big)],
    order: "task, blocker",
    rows_of_new_store: 0,
};

/// The versions of tasks.
pub(in crate::store) const TASK_VERSIONS: Table = Table {
    name: "task_versions",
    columns: &[
        c("task", Big),
        c("number", Integer),
        c("id", ColumnKind::Id),
        c("created_at_ms", Big),
        c("created_by", Text),
        c("change_reason", Text),
        c("status", Small),
        c("assignee", Text),
        c("title", Text),
        c("description", Text),
        c("resolution", Text),
    ],
    order: "task, number",
    rows_of_new_store: 0,
};

/// The columns of a new row: the database gives the key.
pub(in crate::store) fn stored_columns() -> &'static [Column] {
    TASKS.columns.split_first().map_or(&[], |(_, rest)| rest)
}

/// The columns that a task is read from, of `tasks t`: those of the table.
pub(in crate::store) fn selected() -> String {
    let names: Vec<String> = TASKS.columns.iter().map(|column| format!("t.{}", column.name)).collect();
    names.join(", ")
}

/// The columns that a version is read from, of `task_versions v`.
pub(in crate::store) const VERSION: &str = "v.id, v.number, v.created_at_ms, v.created_by, v.change_reason, v.title, \
    v.description, v.status, v.resolution, v.assignee";

/// Keeps the version of a task as it stands, whose key is the first parameter of a statement.
pub(in crate::store) const KEEP_VERSION: &str = "INSERT INTO task_versions (task, number, id, created_at_ms, created_by, \
    change_reason, status, assignee, title, description, resolution) \
    SELECT key, version, version_id, updated_at_ms, updated_by, change_reason, status, assignee, title, \
    description, resolution FROM tasks WHERE key = ";

/// The order of lists, of `tasks t`.
pub(in crate::store) const ORDER: &str = "t.severity, t.urgency, t.created_at_ms, t.id";

/// Whether a task, named by its letter, is still to be done.
pub(in crate::store) fn is_open(task: char) -> String {
    format!(
        "({task}.is_active AND {task}.status NOT IN ({}, {}))",
        status_code(TaskStatus::Done),
        status_code(TaskStatus::WontDo)
    )
}

/// The number that a status is stored as.
pub(in crate::store) fn status_code(status: TaskStatus) -> i64 {
    place(&TaskStatus::ALL, &status)
}

/// A task as a row, without its key.
pub(in crate::store) fn cells_of(task: &Task, scope_key: i64) -> Row {
    let details = &task.details;
    let text = |text: &Option<String>| text.clone().map_or(Cell::Null, Cell::Text);
    let number = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
    let small = |number: Option<u32>| number.map_or(Cell::Null, |number| Cell::Int(number.into()));
    vec![
        id_cell(task.id),
        Cell::Int(scope_key),
        Cell::Int(task.is_active.into()),
        Cell::Int(status_code(details.status)),
        Cell::Int(place(&TaskType::ALL, &details.task_type)),
        Cell::Int(place(&TaskDomain::ALL, &details.domain)),
        Cell::Int(place(&TaskSeverity::ALL, &details.severity)),
        Cell::Int(place(&TaskUrgency::ALL, &details.urgency)),
        Cell::Int(task.version.into()),
        id_cell(task.version_id),
        Cell::Int(task.created_at_ms),
        text(&task.created_by),
        Cell::Int(task.updated_at_ms),
        text(&task.updated_by),
        text(&details.assignee),
        number(task.assigned_at_ms),
        text(&details.reporter),
        details.parent_id.map_or(Cell::Null, id_cell),
        number(details.due_at_ms),
        number(task.started_at_ms),
        number(task.resolved_at_ms),
        small(details.estimated_minutes),
        small(details.actual_minutes),
        small(details.start_line),
        small(details.end_line),
        Cell::Text(details.title.clone()),
        text(&details.description),
        text(&details.category),
        text(&details.resolution),
        text(&details.file),
        Cell::Tags(details.tags.clone()),
        details.metadata.as_ref().map_or(Cell::Null, |json| Cell::Text(json.0.clone())),
        text(&task.change_reason),
    ]
}

/// A task as stored, and where; its blockers are still to be read.
#[derive(Clone, Debug)]
pub(in crate::store) struct StoredTask {
    pub(in crate::store) key: i64,
    pub(in crate::store) scope_key: i64,
    pub(in crate::store) task: Task,
}

/// The task of a row of the columns of [`selected`].
///
/// # Errors
/// `Corrupt` when it is none.
pub(in crate::store) fn task_from(row: Row, scope: ScopeRef) -> Result<StoredTask, StoreError> {
    let mut cells = Cells::of(row);
    let (key, id, scope_key, is_active) =
        (cells.needed()?, cells.needed_id()?, cells.needed()?, cells.needed()? != 0);
    let mut details = words_from(&mut cells)?;
    let (version, version_id) = (cells.small()?.unwrap_or(0), cells.needed_id()?);
    let (created_at_ms, created_by) = (cells.needed()?, cells.text()?);
    let (updated_at_ms, updated_by) = (cells.needed()?, cells.text()?);
    details.assignee = cells.text()?;
    let assigned_at_ms = cells.number()?;
    details.reporter = cells.text()?;
    details.parent_id = cells.id()?;
    details.due_at_ms = cells.number()?;
    let (started_at_ms, resolved_at_ms) = (cells.number()?, cells.number()?);
    details.estimated_minutes = cells.small()?;
    details.actual_minutes = cells.small()?;
    details.start_line = cells.small()?;
    details.end_line = cells.small()?;
    details.title = cells.text()?.ok_or_else(|| Cells::wrong(None))?;
    details.description = cells.text()?;
    details.category = cells.text()?;
    details.resolution = cells.text()?;
    details.file = cells.text()?;
    details.tags = cells.tags()?;
    details.metadata = cells.text()?.map(Json);
    let task = Task {
        id,
        scope,
        details,
        blockers: Vec::new(),
        open_blockers: Vec::new(),
        assigned_at_ms,
        started_at_ms,
        resolved_at_ms,
        is_active,
        created_at_ms,
        created_by,
        updated_at_ms,
        updated_by,
        version,
        version_id,
        change_reason: cells.text()?,
    };
    Ok(StoredTask { key, scope_key, task })
}

/// What a row says in words of lists, with nothing else yet.
fn words_from(cells: &mut Cells) -> Result<TaskDetails, StoreError> {
    Ok(TaskDetails {
        status: cells.word(&TaskStatus::ALL)?,
        task_type: cells.word(&TaskType::ALL)?,
        domain: cells.word(&TaskDomain::ALL)?,
        severity: cells.word(&TaskSeverity::ALL)?,
        urgency: cells.word(&TaskUrgency::ALL)?,
        ..TaskDetails::default()
    })
}

/// What a list is narrowed to, beside its scopes: a condition on `tasks t`, and its parameters, each with the column
/// that it is compared with; they are named by `mark` and their numbers from `first` on.
pub(in crate::store) fn condition(
    request: &ListTasks,
    mark: char,
    first: usize,
) -> (String, Vec<(Cell, Column)>) {
    let mut sql = if request.include_inactive { "TRUE" } else { "t.is_active" }.to_owned();
    if !request.statuses.is_empty() {
        let codes: Vec<String> =
            request.statuses.iter().map(|status| status_code(*status).to_string()).collect();
        let _ = write!(sql, " AND t.status IN ({})", codes.join(", "));
    }
    for (column, code) in [
        ("task_type", request.task_type.map(|value| place(&TaskType::ALL, &value))),
        ("domain", request.domain.map(|value| place(&TaskDomain::ALL, &value))),
        ("severity", request.severity.map(|value| place(&TaskSeverity::ALL, &value))),
        ("urgency", request.urgency.map(|value| place(&TaskUrgency::ALL, &value))),
    ] {
        if let Some(code) = code {
            let _ = write!(sql, " AND t.{column} = {code}");
        }
    }
    if request.only_blocked {
        let _ = write!(
            sql,
            " AND {} AND (t.status = {} OR EXISTS (SELECT 1 FROM task_blockers l \
             JOIN tasks b ON b.key = l.blocker WHERE l.task = t.key AND {}))",
            is_open('t'),
            status_code(TaskStatus::Blocked),
            is_open('b')
        );
    }
    let wanted = [
        (c("category", Text), request.category.clone().map(Cell::Text)),
        (c("assignee", Text), request.assignee.clone().map(Cell::Text)),
        (c("parent", ColumnKind::Id), request.parent_id.map(id_cell)),
    ];
    let values = narrow(&mut sql, "t.", (mark, first), wanted);
    (sql, values)
}
