//! List the entries of a scope.

use agent_memory_proto::{Response, limits, request::ListEntries};

use super::{
    Answer, Cacheable, Call, Handled,
    asking::{Left, QuestionKind},
    checks,
};
use crate::store::ListQuery;

pub(super) async fn handle(call: Call, request: ListEntries) -> Handled {
    checks::page(request.limit, request.offset)?;
    checks::optional("category", request.category.as_ref(), limits::TAG_CHARS_MAX)?;
    let (scopes, dependencies) = call.looked_at(request.scope, request.inherit, &[request.kind]).await?;
    let left = call.look_at_left(QuestionKind::List, &request, 0, scopes.as_deref(), &dependencies).await;
    let place = match left {
        Left::Found(answer) => return Ok(*answer),
        Left::Nothing(place) => place,
    };
    let query = ListQuery {
        kind: request.kind,
        scopes: scopes.map(|scopes| scopes.to_vec()),
        include_inactive: request.include_inactive,
        category: request.category,
        limit: request.limit,
        offset: request.offset,
    };
    let page = call.services.store.entries.list(query).await?;
    let cacheable = Some(Cacheable { place, ..Cacheable::while_they_hold(dependencies) });
    Ok(Answer::made(Response::Entries(page), 0, cacheable))
}
