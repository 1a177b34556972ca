//! Agents whose names are proved.

use agent_memory_proto::{
    model::Agent,
    response::{AgentPage, AgentRegistered, Authenticated},
};
use serde_json::{Value, json};

use super::time;

fn agent(agent: &Agent) -> Value {
    json!({
        "name": agent.name,
        "createdBy": agent.created_by,
        "createdAt": time(agent.created_at_ms),
    })
}

pub(super) fn authenticated(who: &Authenticated) -> Value {
    json!({ "success": true, "agentId": who.agent_id })
}

pub(super) fn registered(registered: &AgentRegistered) -> Value {
    json!({
        "success": true,
        "agent": agent(&registered.agent),
        "token": registered.token,
        "replaced": registered.replaced,
    })
}

pub(super) fn revoked(revoked: &Agent) -> Value {
    json!({ "success": true, "message": "Token revoked", "agent": agent(revoked) })
}

pub(super) fn page(page: &AgentPage) -> Value {
    let mut value = super::list("agents", page.agents.iter().map(agent), page.has_more);
    value["total"] = json!(page.total);
    value["namesAreProved"] = json!(page.names_are_proved);
    value["wrongCredentials"] = json!(page.wrong_credentials);
    value
}
