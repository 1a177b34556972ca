//! List the agents that were registered, and say whether names are proved.

use agent_memory_proto::{Response, request::ListAgents, response::AgentPage};

use super::{Call, Handled, checks};

pub(super) async fn handle(call: &Call, request: &ListAgents) -> Handled {
    call.check_admin("listing agents", request.admin_key.as_deref()).await?;
    checks::page(request.limit, request.offset)?;
    let services = &call.services;
    let snapshot = services.permissions.current(services).await?;
    let (known, offset, limit) = (snapshot.agents(), request.offset as usize, request.limit as usize);
    let page = AgentPage {
        agents: known.iter().skip(offset).take(limit).map(|known| known.agent.clone()).collect(),
        total: known.len() as u64,
        has_more: known.len() > offset + limit,
        names_are_proved: services.config.proves_names,
        wrong_credentials: services.guesses.total(),
    };
    Ok(Response::Agents(page).into())
}
