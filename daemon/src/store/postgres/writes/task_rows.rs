//! The statements of tasks.

use std::sync::LazyLock;

use agent_memory_proto::model::{Id, Task, TaskVersion};
use uuid::Uuid;

use super::transaction::PgTransaction;
use crate::store::{
    copy::Cell,
    postgres::{
        cells::{Sent, parameters},
        columns::{code, count_from, get, id_from, optional_id_from, uuid},
        tasks::{BY_ID, stored_from_row},
        values::value,
    },
    rules::Step,
    task_rows::{KEEP_VERSION, StoredTask, cells_of, status_code, stored_columns},
};

/// "agenttsk" as a number: the lock of whoever changes how tasks hang together.
const LOCK: i64 = 0x6167_656e_7474_736b;

pub(super) async fn lock_graph(rows: &PgTransaction<'_>) -> Step<()> {
    rows.rows("SELECT pg_advisory_xact_lock($1)", &[value(&LOCK)]).await.map(drop)
}

pub(super) async fn scope_parent(rows: &PgTransaction<'_>, key: i64) -> Step<Option<i64>> {
    let row = rows.row("SELECT parent FROM scopes WHERE key = $1", &[value(&key)]).await?;
    Ok(row.map(|row| get::<Option<i64>>(&row, 0)).transpose()?.flatten())
}

pub(super) async fn load(rows: &PgTransaction<'_>, id: Id) -> Step<Option<StoredTask>> {
    const LOCK_ROW: &str = "SELECT key FROM tasks WHERE id = $1 FOR UPDATE";
    let id = uuid(id);
    if rows.row(LOCK_ROW, &[value(&id)]).await?.is_none() {
        return Ok(None);
    }
    // A statement of its own: it sees what it waits for as of the time that the lock was had.
    rows.row(&BY_ID, &[value(&id)]).await?.as_ref().map(stored_from_row).transpose()
}

pub(super) async fn place(rows: &PgTransaction<'_>, id: Id) -> Step<Option<(i64, Option<Id>)>> {
    let row = rows.row("SELECT scope, parent FROM tasks WHERE id = $1", &[value(&uuid(id))]).await?;
    row.map(|row| Ok((get(&row, 0)?, optional_id_from(&row, 1)?))).transpose()
}

pub(super) async fn height(rows: &PgTransaction<'_>, id: Id) -> Step<u32> {
    const SQL: &str = "WITH RECURSIVE below (id, depth) AS (SELECT $1, 0 \
        UNION SELECT t.id, b.depth + 1 FROM below b JOIN tasks t ON t.parent = b.id WHERE b.depth < 100) \
        SELECT max(depth) FROM below";
    let row = rows.row(SQL, &[value(&uuid(id))]).await?;
    row.map_or(Ok(0), |row| count_from(&row, 0))
}

pub(super) async fn insert(rows: &PgTransaction<'_>, scope_key: i64, task: &Task) -> Step<bool> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let names: Vec<&str> = stored_columns().iter().map(|column| column.name).collect();
        let marks: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
        format!(
            "INSERT INTO tasks ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING RETURNING key",
            names.join(", "),
            marks.join(", ")
        )
    });
    let cells = cells_of(task, scope_key);
    let sent = to_be_stored(&cells);
    let Some(row) = rows.row(&SQL, &parameters(&sent)).await? else { return Ok(false) };
    keep_version(rows, get(&row, 0)?).await?;
    Ok(true)
}

fn to_be_stored(cells: &[Cell]) -> Vec<Sent<'_>> {
    cells.iter().zip(stored_columns()).map(|(cell, column)| Sent(cell, *column)).collect()
}

async fn keep_version(rows: &PgTransaction<'_>, key: i64) -> Step<()> {
    static SQL: LazyLock<String> = LazyLock::new(|| format!("{KEEP_VERSION}$1"));
    rows.rows(&SQL, &[value(&key)]).await.map(drop)
}

pub(super) async fn insert_version(rows: &PgTransaction<'_>, task: Id, version: &TaskVersion) -> Step<()> {
    const SQL: &str = "INSERT INTO task_versions (task, number, id, created_at_ms, created_by, change_reason, \
                       status, assignee, title, description, resolution) \
                       SELECT key, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM tasks WHERE id = $1";
    let number = i32::try_from(version.number).unwrap_or(i32::MAX);
    let (task, id, status) = (uuid(task), uuid(version.id), code(status_code(version.status)));
    let values = [
        value(&task),
        value(&number),
        value(&id),
        value(&version.created_at_ms),
        value(&version.created_by),
        value(&version.change_reason),
        value(&status),
        value(&version.assignee),
        value(&version.title),
        value(&version.description),
        value(&version.resolution),
    ];
    rows.rows(SQL, &values).await.map(drop)
}

pub(super) async fn set_parent(rows: &PgTransaction<'_>, key: i64, parent: Id) -> Step<()> {
    let parent = uuid(parent);
    rows.rows("UPDATE tasks SET parent = $2 WHERE key = $1", &[value(&key), value(&parent)]).await.map(drop)
}

pub(super) async fn waiting_for(rows: &PgTransaction<'_>, key: i64) -> Step<Vec<i64>> {
    let waiting = rows.rows("SELECT task FROM task_blockers WHERE blocker = $1", &[value(&key)]).await?;
    waiting.iter().map(|row| get(row, 0)).collect()
}

pub(super) async fn replace(rows: &PgTransaction<'_>, old: &StoredTask, new: &Task) -> Step<()> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let columns = stored_columns().iter().enumerate();
        let set: Vec<String> =
            columns.map(|(place, column)| format!("{} = ${}", column.name, place + 2)).collect();
        format!("UPDATE tasks SET {} WHERE key = $1", set.join(", "))
    });
    let cells = cells_of(new, old.scope_key);
    let sent = to_be_stored(&cells);
    let mut values = vec![value(&old.key)];
    values.extend(parameters(&sent));
    rows.rows(&SQL, &values).await?;
    keep_version(rows, old.key).await
}

pub(super) async fn remove(rows: &PgTransaction<'_>, key: i64) -> Step<()> {
    rows.rows("DELETE FROM tasks WHERE key = $1", &[value(&key)]).await.map(drop)
}

pub(super) async fn blockers_of(rows: &PgTransaction<'_>, tasks: &[Id]) -> Step<Vec<(Id, Id)>> {
    const SQL: &str = "SELECT t.id, b.id FROM tasks t JOIN task_blockers l ON l.task = t.key \
                       JOIN tasks b ON b.key = l.blocker WHERE t.id = ANY ($1) ORDER BY t.id, b.id";
    let tasks: Vec<Uuid> = tasks.iter().copied().map(uuid).collect();
    let edges = rows.rows(SQL, &[value(&tasks)]).await?;
    edges.iter().map(|row| Ok((id_from(row, 0)?, id_from(row, 1)?))).collect()
}

pub(super) async fn insert_blocker(rows: &PgTransaction<'_>, task: i64, blocker: i64) -> Step<()> {
    const SQL: &str = "INSERT INTO task_blockers (task, blocker) VALUES ($1, $2)";
    rows.rows(SQL, &[value(&task), value(&blocker)]).await.map(drop)
}

pub(super) async fn remove_blocker(rows: &PgTransaction<'_>, task: i64, blocker: Id) -> Step<()> {
    const SQL: &str =
        "DELETE FROM task_blockers WHERE task = $1 AND blocker = (SELECT key FROM tasks WHERE id = $2)";
    rows.rows(SQL, &[value(&task), value(&uuid(blocker))]).await.map(drop)
}
