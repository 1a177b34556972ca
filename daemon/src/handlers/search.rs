//! Full-text search.

use agent_memory_proto::{ErrorBody, Response, limits, request::Search};

use super::{
    Answer, Cacheable, Call, Handled,
    asking::{Left, QuestionKind},
    checks,
};
use crate::store::SearchQuery;

/// A cursor is short; a long one is not ours.
const CURSOR_CHARS_MAX: usize = 200;

pub(super) async fn handle(call: Call, mut request: Search) -> Handled {
    normalise(&mut request)?;
    let (scopes, dependencies) = call.looked_at(request.scope, request.inherit, &request.kinds).await?;
    let left = call.look_at_left(QuestionKind::Search, &request, 0, scopes.as_deref(), &dependencies).await;
    let place = match left {
        Left::Found(answer) => return Ok(*answer),
        Left::Nothing(place) => place,
    };
    let scopes = scopes.map(|scopes| scopes.to_vec());
    let query = SearchQuery { request, scopes, now_ms: call.now_ms, deadline: call.deadline };
    let page = call.services.store.search.search(query).await?;
    let ttl = call.until_validity_changes().await?;
    let cacheable = Some(Cacheable { dependencies, ttl, place });
    Ok(Answer::made(Response::SearchPage(page), 0, cacheable))
}

/// Checks a search, and brings it into its normal form.
pub(super) fn normalise(request: &mut Search) -> Result<(), ErrorBody> {
    check(request)?;
    for tags in [&mut request.tags.include, &mut request.tags.require, &mut request.tags.exclude] {
        *tags = checks::tags("tags", std::mem::take(tags))?;
    }
    Ok(())
}

fn check(request: &Search) -> Result<(), ErrorBody> {
    checks::page(request.limit, request.offset)?;
    checks::optional("category", request.category.as_ref(), limits::TAG_CHARS_MAX)?;
    checks::optional("createdBy", request.created_by.as_ref(), limits::TAG_CHARS_MAX)?;
    checks::optional("cursor", request.cursor.as_ref(), CURSOR_CHARS_MAX)?;
    for priority in [request.priority_min, request.priority_max].into_iter().flatten() {
        checks::priority(priority)?;
    }
    if request.cursor.is_some() && request.offset > 0 {
        return Err(ErrorBody::invalid("offset", request.offset, "0 together with a cursor"));
    }
    if let Some((start_ms, end_ms)) = request.valid_during_ms
        && end_ms < start_ms
    {
        return Err(ErrorBody::invalid(
            "validDuring.end",
            end_ms,
            format!("a time not before the start ({start_ms})"),
        ));
    }
    Ok(())
}
