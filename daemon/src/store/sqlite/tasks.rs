//! Tasks: their rows, and what is read of them.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, Task, TaskStatus, TaskVersion},
    request::TaskHistory,
    response::{TaskPage, TaskVersions},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};

use super::{
    SqliteStore,
    cells::{cell, value},
    columns::{from_code, id_from, optional_id_from, scope_from},
    error::unless_taken,
    scope_keys,
};
use crate::store::{
    StoreError, StoreFuture, TaskQuery, TaskStore,
    answers::pages::cut,
    task_rows::{
        KEEP_VERSION, ORDER, StoredTask, TASKS, VERSION, cells_of, condition, is_open, selected, status_code,
        stored_columns, task_from,
    },
};

impl TaskStore for SqliteStore {
    fn task(&self, id: Id) -> StoreFuture<'_, Option<Task>> {
        let read = move |connection: &Connection| Ok(find(connection, id)?.map(|stored| stored.task));
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }

    fn tasks(&self, query: TaskQuery) -> StoreFuture<'_, TaskPage> {
        let read = move |connection: &Connection| page(connection, &query);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }

    fn task_history(&self, request: TaskHistory) -> StoreFuture<'_, Option<TaskVersions>> {
        let read = move |connection: &Connection| history(connection, &request);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }
}

pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| {
    // A cross join, so that the planner keeps the order: it must not start from the scopes.
    format!("SELECT {}, s.level, s.id FROM tasks t CROSS JOIN scopes s ON s.key = t.scope", selected())
});
static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{} WHERE t.id = ?1", *SELECT));
static BLOCKERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT b.id, {} FROM task_blockers l JOIN tasks b ON b.key = l.blocker WHERE l.task = ?1 ORDER BY b.id",
        is_open('b')
    )
});
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<&str> = stored_columns().iter().map(|column| column.name).collect();
    format!("INSERT INTO tasks ({}) VALUES ({})", names.join(", "), vec!["?"; names.len()].join(", "))
});
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let set: Vec<String> = stored_columns().iter().map(|column| format!("{} = ?", column.name)).collect();
    format!("UPDATE tasks SET {} WHERE key = ?", set.join(", "))
});
static KEEP: LazyLock<String> = LazyLock::new(|| format!("{KEEP_VERSION}?1"));
static HISTORY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VERSION} FROM task_versions v WHERE v.task = ?1 ORDER BY v.number DESC LIMIT ?2 OFFSET ?3"
    )
});

static EARLIER: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {VERSION} FROM task_versions v WHERE v.task = ?1 AND v.number < ?2 ORDER BY v.number")
});

/// The task of a row of [`SELECT`], with its blockers.
pub(super) fn stored(connection: &Connection, row: &Row<'_>) -> Result<StoredTask, StoreError> {
    let mut cells = Vec::with_capacity(TASKS.columns.len());
    for (place, column) in TASKS.columns.iter().enumerate() {
        cells.push(cell(row.get_ref(place)?, column)?);
    }
    let mut stored = task_from(cells, scope_from(row, TASKS.columns.len())?)?;
    let mut statement = connection.prepare_cached(&BLOCKERS)?;
    let blockers = statement.query_map([stored.key], |row| Ok((id_from(row, 0)?, row.get::<_, bool>(1)?)))?;
    for blocker in blockers {
        let (id, is_open) = blocker?;
        stored.task.blockers.push(id);
        if is_open {
            stored.task.open_blockers.push(id);
        }
    }
    Ok(stored)
}

/// The task of that id, hidden or not.
pub(super) fn find(connection: &Connection, id: Id) -> Result<Option<StoredTask>, StoreError> {
    let mut statement = connection.prepare_cached(&BY_ID)?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(|row| stored(connection, row)).transpose()
}

fn page(connection: &Connection, query: &TaskQuery) -> Result<TaskPage, StoreError> {
    let request = &query.request;
    let (condition, narrowed) = condition(request, '?', 3);
    let within = match &query.scopes {
        None => String::new(),
        Some(scopes) => {
            let keys = scope_keys::find_all(connection, scopes)?;
            let keys: Vec<String> = keys.iter().map(i64::to_string).collect();
            format!("t.scope IN ({}) AND ", keys.join(", "))
        }
    };
    let sql = format!("{} WHERE {within}{condition} ORDER BY {ORDER} LIMIT ?1 OFFSET ?2", *SELECT);
    let mut values = vec![Value::from(i64::from(request.limit) + 1), Value::from(request.offset)];
    values.extend(narrowed.iter().map(|(cell, column)| value(cell, *column)));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(stored(connection, row)?.task);
    }
    let (tasks, has_more) = cut(tasks, request.limit);
    Ok(TaskPage { tasks, has_more })
}

fn history(connection: &Connection, request: &TaskHistory) -> Result<Option<TaskVersions>, StoreError> {
    let Some(StoredTask { key, task, .. }) = find(connection, request.id)? else { return Ok(None) };
    let mut statement = connection.prepare_cached(&HISTORY)?;
    let rows = statement.query_map((key, i64::from(request.limit) + 1, request.offset), version_from_row)?;
    let (versions, has_more) = cut(rows.collect::<Result<_, _>>()?, request.limit);
    let (title, current) = (task.details.title, task.version);
    Ok(Some(TaskVersions { task_id: request.id, title, current, versions, has_more }))
}

/// The versions of a task before one, oldest first.
pub(super) fn earlier(
    connection: &Connection,
    key: i64,
    current: u32,
) -> Result<Vec<TaskVersion>, StoreError> {
    let mut statement = connection.prepare_cached(&EARLIER)?;
    Ok(statement.query_map((key, current), version_from_row)?.collect::<Result<_, _>>()?)
}

fn version_from_row(row: &Row<'_>) -> rusqlite::Result<TaskVersion> {
    Ok(TaskVersion {
        id: id_from(row, 0)?,
        number: row.get(1)?,
        created_at_ms: row.get(2)?,
        created_by: row.get(3)?,
        change_reason: row.get(4)?,
        title: row.get(5)?,
        description: row.get(6)?,
        status: from_code(row, 7, &TaskStatus::ALL)?,
        resolution: row.get(8)?,
        assignee: row.get(9)?,
    })
}

fn values_of(task: &Task, scope_key: i64) -> Vec<Value> {
    let cells = cells_of(task, scope_key);
    cells.iter().zip(stored_columns()).map(|(cell, column)| value(cell, *column)).collect()
}

/// Stores a new task and its version; false when its id is taken.
pub(super) fn insert(connection: &Connection, scope_key: i64, task: &Task) -> Result<bool, StoreError> {
    let inserted = connection.prepare_cached(&INSERT)?.insert(params_from_iter(values_of(task, scope_key)));
    let Some(key) = unless_taken(inserted)? else { return Ok(false) };
    connection.prepare_cached(&KEEP)?.execute([key])?;
    Ok(true)
}

/// Adds a version to those of a task.
pub(super) fn insert_version(
    connection: &Connection,
    task: Id,
    version: &TaskVersion,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO task_versions (task, number, id, created_at_ms, created_by, change_reason, status, \
             assignee, title, description, resolution) \
             SELECT key, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM tasks WHERE id = ?1",
        )?
        .execute(params![
            task.0,
            version.number,
            version.id.0,
            version.created_at_ms,
            version.created_by,
            version.change_reason,
            status_code(version.status),
            version.assignee,
            version.title,
            version.description,
            version.resolution
        ])?;
    Ok(())
}

/// Makes a task a part of another, without a version of its own.
pub(super) fn set_parent(connection: &Connection, key: i64, parent: Id) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE tasks SET parent = ?2 WHERE key = ?1")?.execute((key, parent.0))?;
    Ok(())
}

/// The keys of the tasks that wait for one.
pub(super) fn waiting_for(connection: &Connection, key: i64) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT task FROM task_blockers WHERE blocker = ?1")?;
    Ok(statement.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Stores the new state of a task, and its version.
pub(super) fn replace(connection: &Connection, old: &StoredTask, new: &Task) -> Result<(), StoreError> {
    let mut values = values_of(new, old.scope_key);
    values.push(Value::from(old.key));
    connection.prepare_cached(&UPDATE)?.execute(params_from_iter(values))?;
    connection.prepare_cached(&KEEP)?.execute([old.key])?;
    Ok(())
}

/// Removes a task; its versions and what it waits for go with it.
pub(super) fn remove(connection: &Connection, key: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM tasks WHERE key = ?1")?.execute([key])?;
    Ok(())
}

/// The key of a task's scope, and its parent.
pub(super) fn place(connection: &Connection, id: Id) -> Result<Option<(i64, Option<Id>)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT scope, parent FROM tasks WHERE id = ?1")?;
    let found = statement.query_row([id.0], |row| Ok((row.get(0)?, optional_id_from(row, 1)?))).optional();
    Ok(found?)
}

/// How many levels of parts a task has.
pub(super) fn height(connection: &Connection, id: Id) -> Result<u32, StoreError> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE below (id, depth) AS (SELECT ?1, 0 \
         UNION SELECT t.id, b.depth + 1 FROM below b JOIN tasks t ON t.parent = b.id WHERE b.depth < 100) \
         SELECT max(depth) FROM below",
    )?;
    Ok(statement.query_row([id.0], |row| row.get(0))?)
}

/// The key of the scope above one.
pub(super) fn scope_parent(connection: &Connection, key: i64) -> Result<Option<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT parent FROM scopes WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?.flatten())
}

/// What some tasks wait for.
pub(super) fn blockers_of(connection: &Connection, tasks: &[Id]) -> Result<Vec<(Id, Id)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT b.id FROM tasks t JOIN task_blockers l ON l.task = t.key JOIN tasks b ON b.key = l.blocker \
         WHERE t.id = ?1",
    )?;
    let mut edges = Vec::new();
    for task in tasks {
        for blocker in statement.query_map([task.0], |row| id_from(row, 0))? {
            edges.push((*task, blocker?));
        }
    }
    Ok(edges)
}

pub(super) fn insert_blocker(connection: &Connection, task: i64, blocker: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO task_blockers (task, blocker) VALUES (?1, ?2)")?
        .execute((task, blocker))?;
    Ok(())
}

pub(super) fn remove_blocker(connection: &Connection, task: i64, blocker: Id) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM task_blockers WHERE task = ?1 AND blocker = (SELECT key FROM tasks WHERE id = ?2)",
        )?
        .execute((task, blocker.0))?;
    Ok(())
}
