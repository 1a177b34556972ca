//! The memory of a scope under a token budget.

use agent_memory_proto::{
    ErrorBody, Response, limits, model::ScopeRef, request::GetContext, response::Context,
};

use super::{
    Answer, Cacheable, Call, Handled,
    asking::{Left, QuestionKind},
    checks,
};
use crate::store::ContextQuery;

pub(super) async fn handle(call: Call, request: GetContext) -> Handled {
    let budget_tokens = check(&call, &request)?;
    let (scopes, dependencies) = call.looked_at(Some(request.scope), request.inherit, &request.kinds).await?;
    let kind = QuestionKind::Context;
    let left = call.look_at_left(kind, &request, budget_tokens, scopes.as_deref(), &dependencies).await;
    let place = match left {
        Left::Found(answer) => return Ok(*answer),
        Left::Nothing(place) => place,
    };
    let context = read(&call, request, budget_tokens, scopes.as_deref().unwrap_or_default()).await?;
    let ttl = call.until_validity_changes().await?;
    let cacheable = Some(Cacheable { dependencies, ttl, place });
    Ok(Answer::made(Response::Context(context), 0, cacheable))
}

/// Gathers the context; quickstart does so too.
pub(super) async fn gather(call: &Call, request: GetContext) -> Result<Context, ErrorBody> {
    let budget_tokens = check(call, &request)?;
    let scopes = call.readable_scopes(request.scope, request.inherit, &request.kinds).await?;
    read(call, request, budget_tokens, &scopes).await
}

/// Checks the request, and returns the budget.
fn check(call: &Call, request: &GetContext) -> Result<u32, ErrorBody> {
    let budget_tokens = request.budget_tokens.unwrap_or(call.services.live.load().config.context_tokens);
    if budget_tokens == 0 || budget_tokens > limits::CONTEXT_TOKENS_MAX {
        let allowed = format!("1 to {}", limits::CONTEXT_TOKENS_MAX);
        return Err(ErrorBody::invalid("budget", budget_tokens, allowed));
    }
    if let Some(limit) = request.limit_per_kind {
        checks::page(limit, 0)?;
    }
    Ok(budget_tokens)
}

async fn read(
    call: &Call,
    request: GetContext,
    budget_tokens: u32,
    scopes: &[ScopeRef],
) -> Result<Context, ErrorBody> {
    let query = ContextQuery {
        request,
        scopes: scopes.to_vec(),
        budget_tokens,
        now_ms: call.now_ms,
        deadline: call.deadline,
    };
    Ok(call.services.store.search.context(query).await?)
}
