//! Reads what is exported: scopes by id, and entries by id with all their versions.

mod extras;

use std::{collections::HashMap, fmt::Write as _, sync::LazyLock};

use agent_memory_proto::{
    model::{EntryKind, Id, PortableScope, PortableTask, ScopeLevel, Tag, Version},
    response::NotCarried,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::{
    ExportQuery, ExportedEntries, ExportedRelation, ExtrasQuery, StoreError, StoreFuture, TransferStore,
    answers::export::{PAGE_BYTES, PAGE_ENTRIES, described, portable},
    columns::{VERSION_COUNT, kind_code, level_code},
    postgres::{
        PostgresStore,
        columns::{
            ENTRY, ENTRY_COUNT, VERSION, code, entry_from_row, get, org_from_row, project_from_row,
            scope_uuid, session_from_row, uuid, version_from_row,
        },
        connection::Connection,
        values::{Value, value},
    },
};

impl TransferStore for PostgresStore {
    fn export_totals(&self, query: ExportQuery) -> StoreFuture<'_, (u64, Option<i64>)> {
        Box::pin(async move { totals(&*self.lease().await?, &query).await })
    }

    fn export_scopes(
        &self,
        level: ScopeLevel,
        only: Option<Id>,
        after: Option<Id>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PortableScope>> {
        Box::pin(async move { scopes(&*self.lease().await?, level, only, after, limit).await })
    }

    fn export_entries(&self, query: ExportQuery) -> StoreFuture<'_, ExportedEntries> {
        Box::pin(async move { entries(&*self.lease().await?, &query).await })
    }

    fn export_tags(&self, query: ExtrasQuery, limit: u32) -> StoreFuture<'_, Vec<Tag>> {
        Box::pin(async move { extras::tags(&*self.lease().await?, &query, limit).await })
    }

    fn export_tasks(&self, query: ExtrasQuery) -> StoreFuture<'_, (Vec<PortableTask>, bool)> {
        Box::pin(async move { extras::tasks(&*self.lease().await?, &query).await })
    }

    fn export_relations(
        &self,
        after: Option<Id>,
        tags: Vec<String>,
        limit: u32,
    ) -> StoreFuture<'_, Vec<ExportedRelation>> {
        Box::pin(async move { extras::relations(&*self.lease().await?, after, &tags, limit).await })
    }

    fn not_carried(&self) -> StoreFuture<'_, NotCarried> {
        Box::pin(async move { extras::not_carried(&*self.lease().await?).await })
    }
}

/// The condition of a query, and the values that it names from `$1` on. It stands in the text what is
/// asked for, so that the server can plan for it.
struct Filter {
    kind: Option<i16>,
    scope: Option<(i16, Uuid)>,
    after: Option<Uuid>,
    sql: String,
}

impl Filter {
    fn new(query: &ExportQuery) -> Self {
        let mut filter = Self {
            kind: query.kind.map(|kind| code(kind_code(kind))),
            scope: query.scope.map(|scope| (code(level_code(scope.level)), scope_uuid(&scope))),
            after: query.after.map(uuid),
            sql: if query.include_inactive { "TRUE" } else { "e.is_active" }.to_owned(),
        };
        let mut parameter = 0;
        let mut next = || {
            parameter += 1;
            parameter
        };
        if filter.kind.is_some() {
            let _ = write!(filter.sql, " AND e.kind = ${}", next());
        }
        if filter.scope.is_some() {
            let (level, id) = (next(), next());
            let scope = format!("(SELECT key FROM scopes WHERE level = ${level} AND id = ${id})");
            let _ = write!(filter.sql, " AND e.scope = {scope}");
        }
        if filter.after.is_some() {
            let _ = write!(filter.sql, " AND e.id > ${}", next());
        }
        filter
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values: Vec<Value<'_>> = self.kind.iter().map(value).collect();
        values.extend(self.scope.iter().flat_map(|(level, id)| [value(level), value(id)]));
        values.extend(self.after.iter().map(value));
        values
    }
}

async fn totals(connection: &Connection, query: &ExportQuery) -> Result<(u64, Option<i64>), StoreError> {
    let filter = Filter::new(query);
    let sql = format!("SELECT count(*), max(e.updated_at_ms) FROM entries e WHERE {}", filter.sql);
    match connection.row(&sql, &filter.values()).await? {
        Some(row) => Ok((get::<i64>(&row, 0)?.unsigned_abs(), get(&row, 1)?)),
        None => Ok((0, None)),
    }
}

static BY_ROWS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid FROM entries e JOIN scopes s ON s.key = e.scope \
         WHERE e.rowid = ANY ($1) ORDER BY e.id"
    )
});
static EARLIER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VERSION}, v.entry FROM entry_versions v WHERE v.entry = ANY ($1) ORDER BY v.entry, v.number"
    )
});

/// What is read together is of one state of the store.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A page: first which entries and how large they are, then these, as many as fit, all of one state of
/// the store.
async fn entries(connection: &Connection, query: &ExportQuery) -> Result<ExportedEntries, StoreError> {
    let filter = Filter::new(query);
    let sizes = if query.include_versions {
        "(SELECT coalesce(sum(octet_length(v.content) + 500), 0) FROM entry_versions v WHERE v.entry = e.rowid)"
    } else {
        "0"
    };
    let heads = format!(
        "SELECT e.rowid, (octet_length(e.content) + 500 + {sizes})::bigint FROM entries e WHERE {} \
         ORDER BY e.id LIMIT {}",
        filter.sql,
        PAGE_ENTRIES + 1
    );
    let read = async {
        let heads = connection.begin_with(SNAPSHOT, &heads, &filter.values()).await?;
        let (rowids, has_more) = fitting(&heads)?;
        let rows = connection.rows(&BY_ROWS, &[value(&rowids)]).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push((get::<i64>(row, ENTRY_COUNT)?, entry_from_row(row)?));
        }
        let kinds = found.iter().map(|(rowid, entry)| (*rowid, entry.kind())).collect();
        let mut earlier =
            if query.include_versions { earlier(connection, &rowids, &kinds).await? } else { HashMap::new() };
        let entries = found.into_iter().map(|(rowid, entry)| {
            let versions = earlier.remove(&rowid).unwrap_or_default();
            portable(entry, versions)
        });
        Ok(ExportedEntries { entries: entries.collect(), has_more })
    };
    let page = read.await;
    connection.rollback().await;
    page
}

fn fitting(heads: &[Row]) -> Result<(Vec<i64>, bool), StoreError> {
    let (mut rowids, mut bytes) = (Vec::with_capacity(heads.len()), 0);
    for head in heads {
        if rowids.len() >= PAGE_ENTRIES || bytes >= PAGE_BYTES {
            return Ok((rowids, true));
        }
        rowids.push(get(head, 0)?);
        bytes += usize::try_from(get::<i64>(head, 1)?).unwrap_or(usize::MAX);
    }
    Ok((rowids, false))
}

async fn earlier(
    connection: &Connection,
    rowids: &[i64],
    kinds: &HashMap<i64, EntryKind>,
) -> Result<HashMap<i64, Vec<Version>>, StoreError> {
    let mut versions: HashMap<i64, Vec<Version>> = HashMap::new();
    for row in connection.rows(&EARLIER, &[value(&rowids)]).await? {
        let rowid: i64 = get(&row, VERSION_COUNT)?;
        if let Some(kind) = kinds.get(&rowid) {
            versions.entry(rowid).or_default().push(version_from_row(&row, *kind, 0)?);
        }
    }
    Ok(versions)
}

async fn scopes(
    connection: &Connection,
    level: ScopeLevel,
    only: Option<Id>,
    after: Option<Id>,
    limit: u32,
) -> Result<Vec<PortableScope>, StoreError> {
    let Some(from) = described(level) else { return Ok(Vec::new()) };
    let (level_value, limit) = (code(level_code(level)), i64::from(limit));
    let (only, after) = (only.map(uuid), after.map(uuid));
    let mut values = vec![value(&level_value), value(&limit)];
    let mut sql = format!("SELECT {from} WHERE s.level = $1");
    for (operator, id) in [("=", &only), (">", &after)] {
        if let Some(id) = id {
            values.push(value(id));
            let _ = write!(sql, " AND s.id {operator} ${}", values.len());
        }
    }
    sql.push_str(" ORDER BY s.id LIMIT $2");
    let rows = connection.rows(&sql, &values).await?;
    rows.iter()
        .map(|row| {
            Ok(match level {
                ScopeLevel::Global | ScopeLevel::Org => PortableScope::Org(org_from_row(row)?),
                ScopeLevel::Project => PortableScope::Project(project_from_row(row)?),
                ScopeLevel::Session => PortableScope::Session(session_from_row(row)?),
            })
        })
        .collect()
}
