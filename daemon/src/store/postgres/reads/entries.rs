//! Reads one entry, by id or name, and its versions.

use std::{collections::HashMap, sync::LazyLock};

use agent_memory_proto::{
    model::{Entry, EntryKind, Id, ScopeRef},
    response::{EntryPage, History},
};
use uuid::Uuid;

use crate::store::{
    EntryStore, ListQuery, StoreError, StoreFuture,
    columns::kind_code,
    postgres::{
        PostgresStore,
        columns::{ENTRY, VERSION, code, entry_from_row, get, text_key, uuid, version_from_row},
        connection::Connection,
        scope_keys,
        values::value,
    },
};

impl EntryStore for PostgresStore {
    fn get(&self, kind: EntryKind, id: Id) -> StoreFuture<'_, Option<Entry>> {
        Box::pin(super::batches::get(self, kind, id))
    }

    fn find(
        &self,
        kind: EntryKind,
        name: String,
        scopes: Vec<ScopeRef>,
        include_inactive: bool,
    ) -> StoreFuture<'_, Option<Entry>> {
        Box::pin(async move { by_name(&*self.lease().await?, kind, &name, &scopes, include_inactive).await })
    }

    fn list(&self, query: ListQuery) -> StoreFuture<'_, EntryPage> {
        Box::pin(async move { super::list::page(&*self.lease().await?, &query).await })
    }

    fn next_validity_change(&self, now_ms: i64) -> StoreFuture<'_, Option<i64>> {
        Box::pin(async move { next_validity_change(&*self.lease().await?, now_ms).await })
    }

    fn history(&self, kind: EntryKind, id: Id, limit: u32, offset: u32) -> StoreFuture<'_, Option<History>> {
        Box::pin(async move { history(&*self.lease().await?, kind, id, limit, offset).await })
    }
}

static BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {ENTRY} FROM entries e JOIN scopes s ON s.key = e.scope WHERE e.id = $1 AND e.kind = $2")
});
// The server must not know how many there are: it would plan for each number anew, which takes longer
// than to read them.
static BY_IDS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM unnest((SELECT $1::uuid[])) AS w (id) JOIN entries e ON e.id = w.id \
         JOIN scopes s ON s.key = e.scope"
    )
});
static BY_NAME: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM unnest($1, $2) WITH ORDINALITY AS w (level, id, place) \
         JOIN scopes s ON s.level = w.level AND s.id = w.id \
         JOIN entries e ON e.scope = s.key AND e.kind = $3 AND e.name_key = $4 \
         WHERE e.name = $5 AND (e.is_active OR $6) ORDER BY w.place LIMIT 1"
    )
});
// An entry without a version on the page still gives a row, of nothing.
static HISTORY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VERSION} FROM entries e LEFT JOIN LATERAL (\
         SELECT {CURRENT} WHERE $4 = 0 UNION ALL (\
         SELECT {VERSION} FROM entry_versions v WHERE v.entry = e.rowid \
         ORDER BY v.number DESC LIMIT $3 OFFSET greatest($4 - 1, 0))) v ON true \
         WHERE e.id = $1 AND e.kind = $2 ORDER BY v.number DESC"
    )
});
/// The columns of [`VERSION`], of the current version.
const CURRENT: &str = "e.version_id AS id, e.version AS number, e.version_at_ms AS created_at_ms, \
    e.version_by AS created_by, e.change_reason, e.conflict, e.content, e.priority, e.rationale, e.examples, \
    e.verification_rules, e.confidence, e.source, e.valid_from_ms, e.valid_until_ms, e.invalidated_by, \
    e.parameters, e.constraints";

/// The entry of that id and kind, hidden or not.
pub(in crate::store::postgres) async fn by_id(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
) -> Result<Option<Entry>, StoreError> {
    let row = connection.row(&BY_ID, &[value(&uuid(id)), value(&code(kind_code(kind)))]).await?;
    row.as_ref().map(entry_from_row).transpose()
}

/// The entries of these ids, hidden or not.
pub(super) async fn by_ids(connection: &Connection, ids: &[Id]) -> Result<HashMap<Id, Entry>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().copied().map(uuid).collect();
    let rows = connection.rows(&BY_IDS, &[value(&ids)]).await?;
    rows.iter().map(|row| entry_from_row(row).map(|entry| (entry.id, entry))).collect()
}

/// The entry of that name in the first of the scopes that has one.
async fn by_name(
    connection: &Connection,
    kind: EntryKind,
    name: &str,
    scopes: &[ScopeRef],
    include_inactive: bool,
) -> Result<Option<Entry>, StoreError> {
    let (levels, ids) = scope_keys::parameters(scopes);
    let (kind, name_key) = (code(kind_code(kind)), text_key(name));
    let values =
        [value(&levels), value(&ids), value(&kind), value(&name_key), value(&name), value(&include_inactive)];
    let row = connection.row(&BY_NAME, &values).await?;
    row.as_ref().map(entry_from_row).transpose()
}

async fn next_validity_change(connection: &Connection, now_ms: i64) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT least(\
        (SELECT min(valid_from_ms) FROM entries WHERE valid_from_ms > $1), \
        (SELECT min(valid_until_ms) FROM entries WHERE valid_until_ms > $1))";
    match connection.row(SQL, &[value(&now_ms)]).await? {
        Some(row) => get(&row, 0),
        None => Ok(None),
    }
}

/// The current version stands with the entry, the older ones in a table of their own.
async fn history(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
    limit: u32,
    offset: u32,
) -> Result<Option<History>, StoreError> {
    let (wanted, offset) = (i64::from(limit) + 1, i64::from(offset));
    let (id_value, kind_value) = (uuid(id), code(kind_code(kind)));
    let values = [value(&id_value), value(&kind_value), value(&wanted), value(&offset)];
    let rows = connection.rows(&HISTORY, &values).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut versions = Vec::with_capacity(rows.len());
    for row in rows.iter().take(usize::try_from(wanted).unwrap_or(usize::MAX)) {
        if get::<Option<i32>>(row, 1)?.is_some() {
            versions.push(version_from_row(row, kind, 0)?);
        }
    }
    let (versions, has_more) = super::cut(versions, limit);
    Ok(Some(History { entry_id: id, kind, versions, has_more }))
}
