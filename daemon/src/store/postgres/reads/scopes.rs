//! Answers for everything above entries.

use agent_memory_proto::{
    model::{Id, Project, ScopeRef, Session},
    request::{GetProject, ListOrgs, ListProjects, ListSessions},
    response::{OrgPage, ProjectPage, SessionReportPage},
};

use super::{orgs, projects, sessions};
use crate::store::{
    ScopeStore, StoreFuture,
    postgres::{PostgresStore, scope_keys},
};

impl ScopeStore for PostgresStore {
    fn chain(&self, scope: ScopeRef) -> StoreFuture<'_, Option<Vec<ScopeRef>>> {
        Box::pin(async move { scope_keys::chain(&*self.lease().await?, &scope).await })
    }

    fn orgs(&self, request: ListOrgs) -> StoreFuture<'_, OrgPage> {
        Box::pin(async move { orgs::page(&*self.lease().await?, &request).await })
    }

    fn project(&self, request: GetProject) -> StoreFuture<'_, Option<Project>> {
        Box::pin(async move { projects::find(&*self.lease().await?, &request).await })
    }

    fn projects(&self, request: ListProjects) -> StoreFuture<'_, ProjectPage> {
        Box::pin(async move { projects::page(&*self.lease().await?, &request).await })
    }

    fn session(&self, id: Id) -> StoreFuture<'_, Option<Session>> {
        Box::pin(async move { sessions::by_id(&*self.lease().await?, id).await })
    }

    fn sessions(&self, request: ListSessions) -> StoreFuture<'_, SessionReportPage> {
        Box::pin(async move { sessions::page(&*self.lease().await?, &request).await })
    }
}
