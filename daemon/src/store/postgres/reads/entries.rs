//! Reads one entry, by id or name, and its versions.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Entry, EntryKind, Id, ScopeRef},
    response::{EntryPage, History},
};

use crate::store::{
    EntryStore, ListQuery, StoreError, StoreFuture,
    columns::kind_code,
    postgres::{
        PostgresStore,
        columns::{ENTRY, code, entry_from_row, uuid},
        connection::Connection,
        values::value,
    },
};

impl EntryStore for PostgresStore {
    fn get(&self, kind: EntryKind, id: Id) -> StoreFuture<'_, Option<Entry>> {
        Box::pin(async move { by_id(&*self.lease().await?, kind, id).await })
    }

    fn find(
        &self,
        _kind: EntryKind,
        _name: String,
        _scopes: Vec<ScopeRef>,
        _include_inactive: bool,
    ) -> StoreFuture<'_, Option<Entry>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn list(&self, _query: ListQuery) -> StoreFuture<'_, EntryPage> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn next_validity_change(&self, _now_ms: i64) -> StoreFuture<'_, Option<i64>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn history(&self, _: EntryKind, _: Id, _: u32, _: u32) -> StoreFuture<'_, Option<History>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }
}

static BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {ENTRY} FROM entries e JOIN scopes s ON s.key = e.scope WHERE e.id = $1 AND e.kind = $2")
});

/// The entry of that id and kind, hidden or not.
pub(in crate::store::postgres) async fn by_id(
    connection: &Connection,
    kind: EntryKind,
    id: Id,
) -> Result<Option<Entry>, StoreError> {
    let row = connection.row(&BY_ID, &[value(&uuid(id)), value(&code(kind_code(kind)))]).await?;
    row.as_ref().map(entry_from_row).transpose()
}
