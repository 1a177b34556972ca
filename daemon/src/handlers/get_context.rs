//! The memory of a scope under a token budget.

use agent_memory_proto::{ErrorBody, Response, limits, request::GetContext, response::Context};

use super::{Answer, Cacheable, Call, Handled, checks};
use crate::store::ContextQuery;

pub(super) async fn handle(call: Call, request: GetContext) -> Handled {
    let (context, cacheable) = gather(&call, request).await?;
    Ok(Answer { response: Response::Context(context), flags: 0, cacheable: Some(cacheable) })
}

/// Gathers the context; quickstart does so too.
pub(super) async fn gather(call: &Call, request: GetContext) -> Result<(Context, Cacheable), ErrorBody> {
    let budget_tokens = request.budget_tokens.unwrap_or(call.services.live.load().config.context_tokens);
    if budget_tokens == 0 || budget_tokens > limits::CONTEXT_TOKENS_MAX {
        let allowed = format!("1 to {}", limits::CONTEXT_TOKENS_MAX);
        return Err(ErrorBody::invalid("budget", budget_tokens, allowed));
    }
    if let Some(limit) = request.limit_per_kind {
        checks::page(limit, 0)?;
    }
    let scopes = call.scopes(request.scope, request.inherit).await?;
    let dependencies = call.services.changes.generations.capture(Some(&scopes));
    let query = ContextQuery {
        request,
        scopes: scopes.to_vec(),
        budget_tokens,
        now_ms: call.now_ms,
        deadline: call.deadline,
    };
    let context = call.services.store.search.context(query).await?;
    let ttl = call.until_validity_changes().await?;
    Ok((context, Cacheable { dependencies, ttl }))
}
