//! What the agents of a benchmark may do in its scratch project: those that measure work there also where nothing is
//! open, and one reads only that project, so that each of its requests is held against permissions.

use agent_memory_client::{CallOptions, ReconnectingClient};
use agent_memory_proto::{
    Request, Response,
    model::{Id, PermissionLevel, ScopeRef},
    request::{GrantPermission, PermissionTarget, RevokePermission},
};

use crate::failure::Failure;

/// The permissions that were granted.
#[derive(Debug)]
pub(crate) struct Permits<'a> {
    control: &'a ReconnectingClient,
    admin_key: Option<&'a str>,
    /// What has to be taken back; what is said of the project goes with it.
    elsewhere: Vec<Id>,
}

impl<'a> Permits<'a> {
    /// Nothing yet.
    pub(crate) const fn new(control: &'a ReconnectingClient, admin_key: Option<&'a str>) -> Self {
        Self { control, admin_key, elsewhere: Vec::new() }
    }

    /// Lets an agent write in the project.
    pub(crate) async fn let_write(&mut self, agent: &str, project: ScopeRef) -> Result<(), Failure> {
        self.grant(agent, project, PermissionLevel::Write).await
    }

    /// Lets an agent read the project and nothing else.
    pub(crate) async fn let_read_only(&mut self, agent: &str, project: ScopeRef) -> Result<(), Failure> {
        let (scope, level) = (ScopeRef::GLOBAL, PermissionLevel::Read);
        let target = PermissionTarget::Level { agent_id: agent.to_owned(), scope, kind: None, level };
        let denied = self.revoke(target).await?;
        self.elsewhere.push(denied);
        self.grant(agent, project, PermissionLevel::Read).await
    }

    async fn grant(&self, agent: &str, scope: ScopeRef, level: PermissionLevel) -> Result<(), Failure> {
        let (agent_id, admin_key) = (agent.to_owned(), self.admin_key.map(str::to_owned));
        let request = GrantPermission { agent_id, scope, kind: None, level, created_by: None, admin_key };
        self.change(Request::GrantPermission(request)).await.map(drop)
    }

    async fn revoke(&self, target: PermissionTarget) -> Result<Id, Failure> {
        let admin_key = self.admin_key.map(str::to_owned);
        self.change(Request::RevokePermission(RevokePermission { target, created_by: None, admin_key })).await
    }

    async fn change(&self, request: Request) -> Result<Id, Failure> {
        match self.control.call(request, CallOptions::default()).await?.response {
            Response::Permission(change) => Ok(change.permission.id),
            _ => Err(Failure::unexpected("a change of permissions")),
        }
    }

    /// Takes back what does not go with the project.
    pub(crate) async fn take_back(self) -> Result<(), Failure> {
        for id in &self.elsewhere {
            self.revoke(PermissionTarget::Id(*id)).await?;
        }
        Ok(())
    }
}
