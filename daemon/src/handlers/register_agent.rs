//! Register an agent: its name counts with the token that is made here and told once.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{Agent, Permission},
    request::RegisterAgent,
};

use super::{Call, Handled, Reply, checks};
use crate::{
    clock,
    permissions::new_token,
    store::{KnownAgent, SecretHash, Write},
};

pub(super) async fn handle(call: Call, request: RegisterAgent) -> Handled {
    call.check_admin("registering an agent", request.admin_key.as_deref()).await?;
    checks::agent("name", &request.name)?;
    if request.name == Permission::EVERYONE {
        return Err(ErrorBody::invalid("name", &request.name, "a name of one agent: * stands for everyone"));
    }
    let secret = clock::new_secret().map_err(|error| {
        ErrorBody::new(ErrorCode::Internal, format!("the system gives no random numbers: {error}"))
    })?;
    let token = new_token(&secret);
    let agent = Agent { name: request.name, created_by: call.agent.clone(), created_at_ms: call.now_ms };
    tracing::warn!(
        target: "agent_memory::audit",
        action = "register_agent",
        agent = agent.name,
        by = agent.created_by,
        "an agent is registered"
    );
    let known = KnownAgent { agent, token: SecretHash::of(&token) };
    let mut answer = call.write(Write::RegisterAgent(known)).await?;
    if let Reply::Made(Response::AgentRegistered(registered)) = &mut answer.reply {
        registered.token = token;
    }
    Ok(answer)
}
