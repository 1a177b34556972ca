//! Tags: reads them, and the statements of their writes.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, Tag, TagCategory},
    request::ListTags,
    response::{ListedTag, TagPage},
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    PostgresStore,
    columns::{code, from_code, get, id_from, uuid},
    connection::Connection,
    housekeeping::{FOLDED_MAX, LOCK},
    values::{Value, value},
    writes::PgTransaction,
};
use crate::store::{
    StoreError, StoreFuture, TagStore,
    answers::pages::cut,
    columns::{LISTED_TAG, TAG, category_code},
    rules::Step,
};

/// How many entries carry the tag of `n`.
const ENTRIES: &str = "coalesce((SELECT sum(c.entries)::int8 FROM tag_counts c WHERE c.tag = n.name), 0)";

// From each tag that is used to the next, without a look at every row that counts it.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH RECURSIVE used (name) AS ((SELECT tag FROM tag_counts ORDER BY tag LIMIT 1) UNION ALL \
             SELECT (SELECT c.tag FROM tag_counts c WHERE c.tag > used.name ORDER BY c.tag LIMIT 1) FROM used \
             WHERE used.name IS NOT NULL), \
         names (name) AS (SELECT name FROM tags UNION SELECT n.name FROM used n \
             WHERE n.name IS NOT NULL AND {ENTRIES} > 0) \
         SELECT {LISTED_TAG}, {ENTRIES} FROM (SELECT names.name FROM names LEFT JOIN tags t ON t.name = names.name \
             WHERE $1 IS NULL OR coalesce(t.category, $2) = $1 ORDER BY names.name LIMIT $3 OFFSET $4) n \
         LEFT JOIN tags t ON t.name = n.name ORDER BY n.name"
    )
});
static NAMED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LISTED_TAG}, {ENTRIES} FROM unnest($1) WITH ORDINALITY AS n (name, place) \
         LEFT JOIN tags t ON t.name = n.name COLLATE \"C\" ORDER BY n.place"
    )
});

impl TagStore for PostgresStore {
    fn tags(&self, request: ListTags) -> StoreFuture<'_, TagPage> {
        Box::pin(async move {
            let category = request.category.map(|category| code(category_code(category)));
            let custom = code(category_code(TagCategory::Custom));
            let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
            let values = [value(&category), value(&custom), value(&wanted), value(&offset)];
            let rows = self.lease().await?.rows(&PAGE, &values).await?;
            let tags = rows.iter().map(listed_from_row).collect::<Result<_, _>>()?;
            let (tags, has_more) = cut(tags, request.limit);
            Ok(TagPage { tags, has_more })
        })
    }

    fn tags_named(&self, names: Vec<String>) -> StoreFuture<'_, Vec<ListedTag>> {
        Box::pin(async move {
            let rows = self.lease().await?.rows(&NAMED, &[value(&names)]).await?;
            rows.iter().map(listed_from_row).collect()
        })
    }
}

async fn one(rows: &PgTransaction<'_>, condition: &str, values: &[Value<'_>]) -> Step<Option<Tag>> {
    let sql = format!("SELECT {TAG} FROM tags t WHERE {condition}");
    rows.row(&sql, values).await?.as_ref().map(|row| tag_from_row(row, 0)).transpose()
}

pub(super) async fn by_id(rows: &PgTransaction<'_>, id: Id) -> Step<Option<Tag>> {
    one(rows, "t.id = $1", &[value(&uuid(id))]).await
}

pub(super) async fn by_name(rows: &PgTransaction<'_>, name: &str) -> Step<Option<Tag>> {
    one(rows, "t.name = $1", &[value(&name)]).await
}

/// Stores a new tag; false when its name is taken.
pub(super) async fn insert(rows: &PgTransaction<'_>, tag: &Tag) -> Step<bool> {
    const SQL: &str = "INSERT INTO tags (id, name, category, description, is_predefined, created_at_ms) \
                       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING 1";
    let (id, category) = (uuid(tag.id), code(category_code(tag.category)));
    let values = [
        value(&id),
        value(&tag.name),
        value(&category),
        value(&tag.description),
        value(&tag.is_predefined),
        value(&tag.created_at_ms),
    ];
    Ok(!rows.rows(SQL, &values).await?.is_empty())
}

/// Stores what is said of a tag now.
pub(super) async fn update(rows: &PgTransaction<'_>, tag: &Tag) -> Step<()> {
    const SQL: &str = "UPDATE tags SET category = $2, description = $3 WHERE id = $1";
    let (id, category) = (uuid(tag.id), code(category_code(tag.category)));
    rows.rows(SQL, &[value(&id), value(&category), value(&tag.description)]).await.map(drop)
}

/// Folds the rows of a tag together once there are some. What was counted meanwhile has a row of its own, and is
/// folded the next time.
pub(super) async fn fold_counts(connection: &Connection) -> Result<(), StoreError> {
    const SQL: &str = "WITH many AS MATERIALIZED (\
            SELECT tag FROM tag_counts WHERE (SELECT pg_try_advisory_xact_lock($1)) \
            GROUP BY tag HAVING count(*) > 8), \
        gone AS (DELETE FROM tag_counts WHERE ctid = ANY (ARRAY(\
            SELECT c.ctid FROM many m JOIN tag_counts c ON c.tag = m.tag LIMIT $2)) RETURNING tag, entries) \
        INSERT INTO tag_counts (tag, entries) \
            SELECT tag, sum(entries)::int8 FROM gone GROUP BY tag HAVING sum(entries) <> 0";
    connection.write(SQL, &[value(&LOCK), value(&FOLDED_MAX)]).await?;
    Ok(())
}

/// Reads a tag from the columns of [`TAG`].
pub(super) fn tag_from_row(row: &Row, first: usize) -> Step<Tag> {
    Ok(Tag {
        id: id_from(row, first)?,
        name: get(row, first + 1)?,
        category: from_code(row, first + 2, &TagCategory::ALL)?,
        description: get(row, first + 3)?,
        is_predefined: get(row, first + 4)?,
        created_at_ms: get(row, first + 5)?,
    })
}

fn listed_from_row(row: &Row) -> Step<ListedTag> {
    let is_known = get::<Option<Uuid>>(row, 1)?.is_some();
    Ok(ListedTag {
        name: get(row, 0)?,
        tag: if is_known { Some(tag_from_row(row, 1)?) } else { None },
        entries: get::<i64>(row, 7)?.cast_unsigned(),
    })
}
