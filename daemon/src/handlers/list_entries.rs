//! List the entries of a scope.

use agent_memory_proto::{Response, limits, request::ListEntries};

use super::{Answer, Call, Handled, checks};
use crate::store::ListQuery;

pub(super) async fn handle(call: Call, request: ListEntries) -> Handled {
    checks::page(request.limit, request.offset)?;
    checks::optional("category", request.category.as_ref(), limits::TAG_CHARS_MAX)?;
    let scopes = match request.scope {
        Some(scope) => Some(call.scopes(scope, request.inherit).await?.to_vec()),
        None => None,
    };
    let dependencies = call.services.changes.generations.capture(scopes.as_deref());
    let query = ListQuery {
        kind: request.kind,
        scopes,
        include_inactive: request.include_inactive,
        category: request.category,
        limit: request.limit,
        offset: request.offset,
    };
    let page = call.services.store.entries.list(query).await?;
    Ok(Answer::cached_under(Response::Entries(page), Some(dependencies)))
}
