//! Reads organisations, and answers for everything above entries.

use agent_memory_proto::{
    model::{Id, Project, ScopeRef, Session},
    request::{GetProject, ListOrgs, ListProjects, ListSessions},
    response::{OrgPage, ProjectPage, SessionReportPage},
};
use rusqlite::Connection;

use super::{projects, sessions};
use crate::store::{
    ScopeStore, StoreError, StoreFuture,
    sqlite::{SqliteStore, columns::org_from_row, scope_keys},
};

impl ScopeStore for SqliteStore {
    fn chain(&self, scope: ScopeRef) -> StoreFuture<'_, Option<Vec<ScopeRef>>> {
        let read = move |connection: &Connection| scope_keys::chain(connection, &scope);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }

    fn orgs(&self, request: ListOrgs) -> StoreFuture<'_, OrgPage> {
        let read = move |connection: &Connection| page(connection, &request);
        Box::pin(self.readers.run_short(move |reader| reader.read(read)))
    }

    fn project(&self, request: GetProject) -> StoreFuture<'_, Option<Project>> {
        let read = move |connection: &Connection| projects::find(connection, &request);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }

    fn projects(&self, request: ListProjects) -> StoreFuture<'_, ProjectPage> {
        let read = move |connection: &Connection| projects::page(connection, &request);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }

    fn session(&self, id: Id) -> StoreFuture<'_, Option<Session>> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|c| sessions::by_id(c, id))))
    }

    fn sessions(&self, request: ListSessions) -> StoreFuture<'_, SessionReportPage> {
        let read = move |connection: &Connection| sessions::page(connection, &request);
        Box::pin(self.readers.run_short(move |reader| reader.snapshot(None, read)))
    }
}

fn page(connection: &Connection, request: &ListOrgs) -> Result<OrgPage, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT s.id, o.name, o.metadata, o.created_at_ms FROM orgs o JOIN scopes s ON s.key = o.scope \
         ORDER BY o.name LIMIT ?1 OFFSET ?2",
    )?;
    let rows = statement.query_map((i64::from(request.limit) + 1, request.offset), org_from_row)?;
    let (orgs, has_more) = super::cut(rows.collect::<Result<_, _>>()?, request.limit);
    Ok(OrgPage { orgs, has_more })
}
