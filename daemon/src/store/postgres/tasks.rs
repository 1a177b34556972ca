//! Reads tasks, each answer in one round trip.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, Task, TaskStatus, TaskVersion},
    request::TaskHistory,
    response::{TaskPage, TaskVersions},
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    PostgresStore,
    cells::{Sent, cell, parameters},
    columns::{count_from, from_code, get, id_from, scope_from, uuid},
    connection::Connection,
    scope_keys,
    values::value,
};
use crate::store::{
    StoreError, StoreFuture, TaskQuery, TaskStore,
    answers::pages::cut,
    task_rows::{ORDER, StoredTask, TASKS, VERSION, condition, is_open, selected, task_from},
};

impl TaskStore for PostgresStore {
    fn task(&self, id: Id) -> StoreFuture<'_, Option<Task>> {
        Box::pin(async move {
            let row = self.lease().await?.row(&BY_ID, &[value(&uuid(id))]).await?;
            Ok(row.as_ref().map(stored_from_row).transpose()?.map(|stored| stored.task))
        })
    }

    fn tasks(&self, query: TaskQuery) -> StoreFuture<'_, TaskPage> {
        Box::pin(async move { page(&*self.lease().await?, &query).await })
    }

    fn task_history(&self, request: TaskHistory) -> StoreFuture<'_, Option<TaskVersions>> {
        Box::pin(async move { history(&*self.lease().await?, &request).await })
    }
}

pub(super) static SELECT: LazyLock<String> = LazyLock::new(|| {
    let blockers = |narrowed: &str| {
        format!(
            "ARRAY(SELECT b.id FROM task_blockers l JOIN tasks b ON b.key = l.blocker \
             WHERE l.task = t.key{narrowed} ORDER BY b.id)"
        )
    };
    format!(
        "SELECT {}, s.level, s.id, {}, {} FROM tasks t JOIN scopes s ON s.key = t.scope",
        selected(),
        blockers(""),
        blockers(&format!(" AND {}", is_open('b')))
    )
});
/// The task of that id, hidden or not.
pub(super) static BY_ID: LazyLock<String> = LazyLock::new(|| format!("{} WHERE t.id = $1", *SELECT));
/// One row for each version, and one without a version where the page has none.
static HISTORY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VERSION}, t.title, t.version FROM tasks t LEFT JOIN LATERAL \
         (SELECT * FROM task_versions v WHERE v.task = t.key ORDER BY v.number DESC LIMIT $2 OFFSET $3) v ON true \
         WHERE t.id = $1 ORDER BY v.number DESC"
    )
});
/// How many columns [`VERSION`] has.
const VERSION_COUNT: usize = 10;

/// The task of a row of [`SELECT`].
pub(super) fn stored_from_row(row: &Row) -> Result<StoredTask, StoreError> {
    let columns = TASKS.columns;
    let cells = columns.iter().enumerate().map(|(place, column)| cell(row, place, column.kind));
    let mut stored = task_from(cells.collect::<Result<_, _>>()?, scope_from(row, columns.len())?)?;
    let ids = |place| Ok::<_, StoreError>(get::<Vec<Uuid>>(row, place)?.into_iter().map(Id::from).collect());
    stored.task.blockers = ids(columns.len() + 2)?;
    stored.task.open_blockers = ids(columns.len() + 3)?;
    Ok(stored)
}

async fn page(connection: &Connection, query: &TaskQuery) -> Result<TaskPage, StoreError> {
    let request = &query.request;
    let (levels, ids) = scope_keys::parameters(query.scopes.as_deref().unwrap_or_default());
    let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
    let mut values = vec![value(&wanted), value(&offset)];
    let within = if query.scopes.is_some() {
        values.extend([value(&levels), value(&ids)]);
        "t.scope IN (SELECT w.key FROM scopes w JOIN unnest($3, $4) AS of (level, id) \
         ON w.level = of.level AND w.id = of.id) AND "
    } else {
        ""
    };
    let (condition, narrowed) = condition(request, '$', values.len() + 1);
    let sent: Vec<Sent<'_>> = narrowed.iter().map(|(cell, column)| Sent(cell, *column)).collect();
    values.extend(parameters(&sent));
    let sql = format!("{} WHERE {within}{condition} ORDER BY {ORDER} LIMIT $1 OFFSET $2", *SELECT);
    let rows = connection.rows(&sql, &values).await?;
    let tasks = rows.iter().map(|row| stored_from_row(row).map(|stored| stored.task));
    let (tasks, has_more) = cut(tasks.collect::<Result<_, _>>()?, request.limit);
    Ok(TaskPage { tasks, has_more })
}

async fn history(connection: &Connection, request: &TaskHistory) -> Result<Option<TaskVersions>, StoreError> {
    let (id, wanted, offset) = (uuid(request.id), i64::from(request.limit) + 1, i64::from(request.offset));
    let rows = connection.rows(&HISTORY, &[value(&id), value(&wanted), value(&offset)]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (title, current) = (get(first, VERSION_COUNT)?, count_from(first, VERSION_COUNT + 1)?);
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        if get::<Option<Uuid>>(row, 0)?.is_some() {
            versions.push(version_from_row(row)?);
        }
    }
    let (versions, has_more) = cut(versions, request.limit);
    Ok(Some(TaskVersions { task_id: request.id, title, current, versions, has_more }))
}

pub(super) fn version_from_row(row: &Row) -> Result<TaskVersion, StoreError> {
    Ok(TaskVersion {
        id: id_from(row, 0)?,
        number: count_from(row, 1)?,
        created_at_ms: get(row, 2)?,
        created_by: get(row, 3)?,
        change_reason: get(row, 4)?,
        title: get(row, 5)?,
        description: get(row, 6)?,
        status: from_code(row, 7, &TaskStatus::ALL)?,
        resolution: get(row, 8)?,
        assignee: get(row, 9)?,
    })
}
