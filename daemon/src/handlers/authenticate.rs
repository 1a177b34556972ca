//! Prove with a token which agent is at the other end of a connection.

use agent_memory_proto::{ErrorBody, ErrorCode, Response, request::Authenticate, response::Authenticated};

use super::{Call, Handled};

pub(super) async fn handle(call: &Call, request: &Authenticate) -> Handled {
    let services = &call.services;
    let snapshot = services.permissions.current_or_last(services).await?;
    if let Some(known) = snapshot.holder(&request.token) {
        let agent_id = known.agent.name.clone();
        call.credentials.accept(&agent_id, known.token);
        return Ok(Response::Authenticated(Authenticated { agent_id }).into());
    }
    call.credentials.reject();
    services.guesses.note("token", None, &call.credentials);
    services.guesses.pause(&call.credentials).await?;
    // Nothing of the token is repeated.
    Err(ErrorBody::new(ErrorCode::PermissionDenied, "the token is none of a registered agent")
        .with_field("token")
        .with_allowed(
            "what agent-memory agent register printed, until the agent is revoked or registered again",
        )
        .with_suggestion(
            "Set AGENT_MEMORY_AGENT_TOKEN to the token of the agent, or to nothing, to have no name; \
             agent-memory agent register NAME makes a new one",
        ))
}
