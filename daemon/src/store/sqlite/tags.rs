//! Tags, as rows.

use agent_memory_proto::{
    model::{Id, Tag, TagCategory},
    request::ListTags,
    response::{ListedTag, TagPage},
};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::{
    SqliteStore,
    columns::{from_code, id_from},
    error::unless_taken,
};
use crate::store::{
    StoreError, StoreFuture, TagStore,
    answers::pages::cut,
    columns::{LISTED_TAG, TAG, category_code},
};

impl TagStore for SqliteStore {
    fn tags(&self, request: ListTags) -> StoreFuture<'_, TagPage> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|c| page(c, &request))))
    }

    fn tags_named(&self, names: Vec<String>) -> StoreFuture<'_, Vec<ListedTag>> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|c| named(c, &names))))
    }
}

/// How many entries carry the tag of `n`.
const ENTRIES: &str = "(SELECT count(*) FROM entry_tags e WHERE e.tag = n.name)";

fn page(connection: &Connection, request: &ListTags) -> Result<TagPage, StoreError> {
    // From each tag that is used to the next, without a look at every entry that carries it.
    let mut statement = connection.prepare_cached(&format!(
        "WITH RECURSIVE used (name) AS (SELECT min(tag) FROM entry_tags UNION ALL \
             SELECT (SELECT min(e.tag) FROM entry_tags e WHERE e.tag > used.name) FROM used \
             WHERE used.name IS NOT NULL), \
         names (name) AS (SELECT name FROM tags UNION SELECT name FROM used WHERE name IS NOT NULL) \
         SELECT {LISTED_TAG}, {ENTRIES} FROM (SELECT names.name FROM names LEFT JOIN tags t ON t.name = names.name \
             WHERE ?1 IS NULL OR coalesce(t.category, ?2) = ?1 ORDER BY names.name LIMIT ?3 OFFSET ?4) n \
         LEFT JOIN tags t ON t.name = n.name ORDER BY n.name"
    ))?;
    let rows = statement.query_map(
        params![
            request.category.map(category_code),
            category_code(TagCategory::Custom),
            i64::from(request.limit) + 1,
            request.offset
        ],
        listed_from_row,
    )?;
    let (tags, has_more) = cut(rows.collect::<Result<_, _>>()?, request.limit);
    Ok(TagPage { tags, has_more })
}

fn named(connection: &Connection, names: &[String]) -> Result<Vec<ListedTag>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {LISTED_TAG}, {ENTRIES} FROM (SELECT ?1 AS name) n LEFT JOIN tags t ON t.name = n.name"
    ))?;
    names.iter().map(|name| Ok(statement.query_row([name], listed_from_row)?)).collect()
}

fn one(connection: &Connection, condition: &str, parameters: impl Params) -> Result<Option<Tag>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {TAG} FROM tags t WHERE {condition}"))?;
    Ok(statement.query_row(parameters, |row| tag_from_row(row, 0)).optional()?)
}

pub(super) fn by_id(connection: &Connection, id: Id) -> Result<Option<Tag>, StoreError> {
    one(connection, "t.id = ?1", [id.0])
}

pub(super) fn by_name(connection: &Connection, name: &str) -> Result<Option<Tag>, StoreError> {
    one(connection, "t.name = ?1", [name])
}

/// Stores a new tag; false when its name is taken.
pub(super) fn insert(connection: &Connection, tag: &Tag) -> Result<bool, StoreError> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO tags (id, name, category, description, is_predefined, created_at_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            tag.id.0,
            tag.name,
            category_code(tag.category),
            tag.description,
            tag.is_predefined,
            tag.created_at_ms
        ]);
    Ok(unless_taken(inserted)?.is_some())
}

/// Stores what is said of a tag now.
pub(super) fn update(connection: &Connection, tag: &Tag) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE tags SET category = ?2, description = ?3 WHERE id = ?1")?
        .execute(params![tag.id.0, category_code(tag.category), tag.description])?;
    Ok(())
}

/// Reads a tag from the columns of [`TAG`].
pub(super) fn tag_from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Tag> {
    Ok(Tag {
        id: id_from(row, first)?,
        name: row.get(first + 1)?,
        category: from_code(row, first + 2, &TagCategory::ALL)?,
        description: row.get(first + 3)?,
        is_predefined: row.get(first + 4)?,
        created_at_ms: row.get(first + 5)?,
    })
}

fn listed_from_row(row: &Row<'_>) -> rusqlite::Result<ListedTag> {
    let is_known = row.get::<_, Option<[u8; 16]>>(1)?.is_some();
    Ok(ListedTag {
        name: row.get(0)?,
        tag: if is_known { Some(tag_from_row(row, 1)?) } else { None },
        entries: row.get::<_, i64>(7)?.cast_unsigned(),
    })
}
