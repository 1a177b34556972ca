//! Requests and responses about agents whose names are proved.

use agent_memory_proto::{
    Request, Response,
    model::Agent,
    request::{Authenticate, ListAgents, RegisterAgent, RevokeAgent},
    response::{AgentPage, AgentRegistered, Authenticated},
};

use super::{AT_MS, text};

/// A token of the right form, which nobody was given.
const TOKEN: &str = "amt_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(super) fn requests() -> Vec<Request> {
    let (name, admin_key) = ("claude".to_owned(), text("sesame"));
    vec![
        Request::Authenticate(Authenticate { token: TOKEN.to_owned() }),
        Request::RegisterAgent(RegisterAgent { name: name.clone(), admin_key: admin_key.clone() }),
        Request::RevokeAgent(RevokeAgent { name, admin_key: admin_key.clone() }),
        Request::ListAgents(ListAgents { admin_key, limit: 20, offset: 40 }),
    ]
}

fn agent() -> Agent {
    Agent { name: "claude".to_owned(), created_by: text("zoe"), created_at_ms: AT_MS }
}

pub(super) fn responses() -> Vec<Response> {
    let registered = AgentRegistered { agent: agent(), token: TOKEN.to_owned(), replaced: true };
    vec![
        Response::Authenticated(Authenticated { agent_id: "claude".to_owned() }),
        Response::AgentRegistered(Box::new(registered)),
        Response::AgentRevoked(agent()),
        Response::Agents(AgentPage {
            agents: vec![agent()],
            total: 3,
            has_more: true,
            names_are_proved: true,
            wrong_credentials: 7,
        }),
    ]
}
