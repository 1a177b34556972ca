//! Reads organisations, and answers for everything above entries.

use agent_memory_proto::{
    model::{Id, Project, ScopeRef, Session},
    request::{GetProject, ListOrgs, ListProjects, ListSessions},
    response::{OrgPage, ProjectPage, SessionPage},
};

use crate::store::{
    ScopeStore, StoreError, StoreFuture,
    postgres::{PostgresStore, scope_keys},
};

impl ScopeStore for PostgresStore {
    fn chain(&self, scope: ScopeRef) -> StoreFuture<'_, Option<Vec<ScopeRef>>> {
        Box::pin(async move { scope_keys::chain(&*self.lease().await?, &scope).await })
    }

    fn orgs(&self, _request: ListOrgs) -> StoreFuture<'_, OrgPage> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn project(&self, _request: GetProject) -> StoreFuture<'_, Option<Project>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn projects(&self, _request: ListProjects) -> StoreFuture<'_, ProjectPage> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn session(&self, _id: Id) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }

    fn sessions(&self, _request: ListSessions) -> StoreFuture<'_, SessionPage> {
        Box::pin(async move { Err(StoreError::Other("not there yet".to_owned())) })
    }
}
