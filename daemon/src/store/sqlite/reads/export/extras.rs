//! Reads what is exported beside the entries: tags, tasks and relations by id.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, PortableTask, Tag},
    response::NotCarried,
};
use rusqlite::{Connection, named_params};

use super::scope_key;
use crate::store::{
    ExportedRelation, ExtrasQuery, StoreError,
    answers::export::{NOT_CARRIED, PAGE_BYTES, PAGE_TASKS, RELATION_COUNT, exported_relation, task_weight},
    columns::{TAG, kind_code, tags_text},
    sqlite::{
        relations::relation_from_row,
        tags::tag_from_row,
        tasks::{self, SELECT},
    },
};

const TAGGED: &str =
    "SELECT 1 FROM entry_tags y WHERE y.tag IN (SELECT value FROM json_each(:tags)) AND y.entry = ";

pub(super) fn tags(connection: &Connection, query: &ExtrasQuery, limit: u32) -> Result<Vec<Tag>, StoreError> {
    let kinds: Vec<String> = query.kinds.iter().map(|kind| kind_code(*kind).to_string()).collect();
    let of_kind =
        if kinds.is_empty() { "TRUE".to_owned() } else { format!("e.kind IN ({})", kinds.join(", ")) };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {TAG} FROM tags t WHERE (:after IS NULL OR t.id > :after) AND (:all OR EXISTS (\
            SELECT 1 FROM entry_tags x CROSS JOIN entries e ON e.rowid = x.entry \
            WHERE x.tag = t.name AND {of_kind} AND (:scope IS NULL OR e.scope = :scope) \
            AND (e.is_active OR :inactive) AND (:tags = '[]' OR EXISTS ({TAGGED} e.rowid)))) \
         ORDER BY t.id LIMIT :limit"
    ))?;
    let parameters = named_params! {
        ":after": query.after.map(|id| id.0),
        ":all": !query.is_narrowed(),
        ":scope": scope_key(connection, query.scope.as_ref())?,
        ":inactive": query.include_inactive,
        ":tags": tags_text(&query.tags),
        ":limit": limit,
    };
    Ok(statement.query_map(parameters, |row| tag_from_row(row, 0))?.collect::<Result<_, _>>()?)
}

pub(super) fn tasks(
    connection: &Connection,
    query: &ExtrasQuery,
) -> Result<(Vec<PortableTask>, bool), StoreError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{} WHERE (:after IS NULL OR t.id > :after) AND (:scope IS NULL OR t.scope = :scope) \
             AND (t.is_active OR :inactive) ORDER BY t.id LIMIT :limit",
            *SELECT
        )
    });
    let mut statement = connection.prepare_cached(&PAGE)?;
    let mut rows = statement.query(named_params! {
        ":after": query.after.map(|id| id.0),
        ":scope": scope_key(connection, query.scope.as_ref())?,
        ":inactive": query.include_inactive,
        ":limit": i64::try_from(PAGE_TASKS).unwrap_or(i64::MAX) + 1,
    })?;
    let (mut found, mut bytes): (Vec<PortableTask>, usize) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if found.len() >= PAGE_TASKS || bytes >= PAGE_BYTES {
            return Ok((found, true));
        }
        let stored = tasks::stored(connection, row)?;
        let is_first = stored.task.version == 1;
        let earlier = if query.include_versions && !is_first {
            tasks::earlier(connection, stored.key, stored.task.version)?
        } else {
            Vec::new()
        };
        let task = PortableTask { task: stored.task, earlier };
        bytes += task_weight(&task);
        found.push(task);
    }
    Ok((found, false))
}

pub(super) fn relations(
    connection: &Connection,
    after: Option<Id>,
    tags: &[String],
    limit: u32,
) -> Result<Vec<ExportedRelation>, StoreError> {
    static PAGE: LazyLock<String> = LazyLock::new(|| {
        let is_tagged = |end: &str| format!("EXISTS ({TAGGED} r.{end}_entry)");
        format!(
            "{} WHERE (:after IS NULL OR r.id > :after) ORDER BY r.id LIMIT :limit",
            exported_relation(&is_tagged("source"), &is_tagged("target"))
        )
    });
    let mut statement = connection.prepare_cached(&PAGE)?;
    let parameters =
        named_params! { ":after": after.map(|id| id.0), ":tags": tags_text(tags), ":limit": limit };
    let rows = statement.query_map(parameters, |row| {
        Ok(ExportedRelation {
            listed: relation_from_row(row)?,
            are_active: [row.get(RELATION_COUNT)?, row.get(RELATION_COUNT + 1)?],
            are_tagged: [row.get(RELATION_COUNT + 2)?, row.get(RELATION_COUNT + 3)?],
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn not_carried(connection: &Connection) -> Result<NotCarried, StoreError> {
    let count = |number: i64| number.unsigned_abs();
    Ok(connection.prepare_cached(NOT_CARRIED)?.query_row([], |row| {
        Ok(NotCarried { permissions: count(row.get(0)?), conflicts: count(row.get(1)?) })
    })?)
}
