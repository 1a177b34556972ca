//! Say whether an agent may do something.

use agent_memory_proto::{
    Response,
    model::{Permission, PermissionLevel},
    request::CheckPermission,
    response::PermissionCheck,
};

use super::{Call, Handled, checks};
use crate::permissions::{Asker, decided_by};

pub(super) async fn handle(call: Call, request: CheckPermission) -> Handled {
    let CheckPermission { agent_id, scope, kind, level: asked } = request;
    let is_everyone = agent_id.as_deref() == Some(Permission::EVERYONE);
    if let Some(agent) = agent_id.as_ref().filter(|_| !is_everyone) {
        checks::agent("agent_id", agent)?;
    }
    let asks_for = agent_id.clone().or_else(|| call.agent.clone());
    let of_another = agent_id.is_some() && agent_id != call.agent;
    if of_another && !is_everyone {
        // What others may do is for those who decide it.
        call.demand(scope, None, PermissionLevel::Admin).await?;
    } else if !call.rights.always(kind, PermissionLevel::Read) {
        // Whether there is such a scope is for those who may read it.
        call.demand(scope, kind, PermissionLevel::Read).await?;
    }
    let chain = call.chain(scope).await?;
    let asker = if of_another { Asker::Agent(agent_id.as_deref()) } else { call.asker() };
    let (level, decided_by) = match asker {
        Asker::Owner => (PermissionLevel::Admin, None),
        Asker::Agent(_) | Asker::Holder(..) => {
            let agent = asks_for.as_deref();
            let said = call.services.permissions.current(&call.services).await?;
            let level = said.rights(agent).level(&chain, kind);
            (level, decided_by(said.rows(), agent, &chain, kind).cloned())
        }
    };
    let check = PermissionCheck { agent_id: asks_for, scope, kind, asked, level, decided_by };
    Ok(Response::PermissionCheck(Box::new(check)).into())
}
