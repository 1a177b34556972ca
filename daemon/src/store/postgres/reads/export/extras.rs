//! Reads what is exported beside the entries: tags, tasks and relations by id.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, PortableTask, Tag, TaskVersion},
    response::NotCarried,
};
use uuid::Uuid;

use super::SNAPSHOT;
use crate::store::{
    ExportedRelation, ExtrasQuery, StoreError,
    answers::export::{NOT_CARRIED, PAGE_BYTES, PAGE_TASKS, RELATION_COUNT, exported_relation, task_weight},
    columns::{TAG, kind_code, level_code},
    postgres::{
        columns::{code, get, scope_uuid, uuid},
        connection::Connection,
        relations::relation_from_row,
        tags::tag_from_row,
        tasks::{SELECT, stored_from_row, version_from_row},
        values::{Value, value},
    },
    task_rows::{StoredTask, VERSION},
};

/// A scope as parameters: a level and an id.
fn scope_of(query: &ExtrasQuery) -> (Option<i16>, Option<Uuid>) {
    (query.scope.map(|scope| code(level_code(scope.level))), query.scope.map(|scope| scope_uuid(&scope)))
}

pub(super) async fn tags(
    connection: &Connection,
    query: &ExtrasQuery,
    limit: u32,
) -> Result<Vec<Tag>, StoreError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {TAG} FROM tags t WHERE ($1::uuid IS NULL OR t.id > $1) AND ($2 OR EXISTS (\
                SELECT 1 FROM entries e WHERE e.tags @> ARRAY[t.name] \
                AND (cardinality($3::int2[]) = 0 OR e.kind = ANY ($3)) \
                AND ($4::int2 IS NULL OR e.scope = (SELECT key FROM scopes WHERE level = $4 AND id = $5)) \
                AND (e.is_active OR $6) AND (cardinality($7::text[]) = 0 OR e.tags && $7))) \
             ORDER BY t.id LIMIT $8"
        )
    });
    let kinds: Vec<i16> = query.kinds.iter().map(|kind| code(kind_code(*kind))).collect();
    let (after, is_all, limit) = (query.after.map(uuid), !query.is_narrowed(), i64::from(limit));
    let (level, id) = scope_of(query);
    let values = [
        value(&after),
        value(&is_all),
        value(&kinds),
        value(&level),
        value(&id),
        value(&query.include_inactive),
        value(&query.tags),
        value(&limit),
    ];
    connection.rows(&PAGE, &values).await?.iter().map(|row| tag_from_row(row, 0)).collect()
}

pub(super) async fn tasks(
    connection: &Connection,
    query: &ExtrasQuery,
) -> Result<(Vec<PortableTask>, bool), StoreError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{} WHERE ($1::uuid IS NULL OR t.id > $1) AND ($2::int2 IS NULL OR s.level = $2 AND s.id = $3) \
             AND (t.is_active OR $4) ORDER BY t.id LIMIT $5",
            *SELECT
        )
    });
    let after = query.after.map(uuid);
    let (level, id) = scope_of(query);
    let limit = i64::try_from(PAGE_TASKS).unwrap_or(i64::MAX) + 1;
    let values: [Value<'_>; 5] =
        [value(&after), value(&level), value(&id), value(&query.include_inactive), value(&limit)];
    let read = async {
        let rows = connection.begin_with(SNAPSHOT, &PAGE, &values).await?;
        let stored: Vec<StoredTask> = rows.iter().map(stored_from_row).collect::<Result<_, _>>()?;
        let (mut found, mut bytes) = (Vec::with_capacity(stored.len()), 0);
        for StoredTask { key, task, .. } in stored {
            if found.len() >= PAGE_TASKS || bytes >= PAGE_BYTES {
                return Ok((found, true));
            }
            let is_first = task.version == 1;
            let earlier = if query.include_versions && !is_first {
                earlier(connection, key, task.version).await?
            } else {
                Vec::new()
            };
            let task = PortableTask { task, earlier };
            bytes += task_weight(&task);
            found.push(task);
        }
        Ok((found, false))
    };
    let page = read.await;
    connection.rollback().await;
    page
}

async fn earlier(connection: &Connection, key: i64, current: u32) -> Result<Vec<TaskVersion>, StoreError> {
    static EARLIER: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {VERSION} FROM task_versions v WHERE v.task = $1 AND v.number < $2 ORDER BY v.number")
    });
    let current = i32::try_from(current).unwrap_or(i32::MAX);
    let rows = connection.rows(&EARLIER, &[value(&key), value(&current)]).await?;
    rows.iter().map(version_from_row).collect()
}

pub(super) async fn relations(
    connection: &Connection,
    after: Option<Id>,
    tags: &[String],
    limit: u32,
) -> Result<Vec<ExportedRelation>, StoreError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{} WHERE ($1::uuid IS NULL OR r.id > $1) ORDER BY r.id LIMIT $3",
            exported_relation("se.tags && $2", "te.tags && $2")
        )
    });
    let (after, limit) = (after.map(uuid), i64::from(limit));
    let rows = connection.rows(&PAGE, &[value(&after), value(&tags), value(&limit)]).await?;
    rows.iter()
        .map(|row| {
            Ok(ExportedRelation {
                listed: relation_from_row(row)?,
                are_active: [get(row, RELATION_COUNT)?, get(row, RELATION_COUNT + 1)?],
                are_tagged: [get(row, RELATION_COUNT + 2)?, get(row, RELATION_COUNT + 3)?],
            })
        })
        .collect()
}

pub(super) async fn not_carried(connection: &Connection) -> Result<NotCarried, StoreError> {
    let row = connection.row(NOT_CARRIED, &[]).await?;
    row.map_or(Ok(NotCarried { permissions: 0, conflicts: 0 }), |row| {
        Ok(NotCarried {
            permissions: get::<i64>(&row, 0)?.unsigned_abs(),
            conflicts: get::<i64>(&row, 1)?.unsigned_abs(),
        })
    })
}
