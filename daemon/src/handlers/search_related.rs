//! Full-text search along relations.

use agent_memory_proto::{
    ErrorBody, Response, limits,
    request::{RelationWalk, SearchRelated},
};

use super::{Answer, Cacheable, Call, Handled, search};
use crate::store::{RelatedQuery, SearchQuery};

pub(super) async fn handle(call: Call, request: SearchRelated) -> Handled {
    let SearchRelated { mut search, related_to, follow } = request;
    search::normalise(&mut search)?;
    if let Some(related_to) = &related_to {
        check("relatedTo", &related_to.walk, limits::RELATED_MAX)?;
    }
    if let Some(walk) = &follow {
        check("followRelations", walk, limits::FOLLOWED_MAX)?;
    }
    // What lies between may be in any scope.
    let dependencies = call.services.changes.generations.capture(None);
    let (scopes, _) = call.looked_at(search.scope, search.inherit, &search.kinds).await?;
    let scopes = scopes.map(|scopes| scopes.to_vec());
    let search = SearchQuery { request: search, scopes, now_ms: call.now_ms, deadline: call.deadline };
    let query = RelatedQuery { search, related_to, follow };
    let page = call.services.store.search.search_related(query).await?;
    let ttl = call.until_validity_changes().await?;
    let cacheable = Some(Cacheable { dependencies, ttl, place: None });
    Ok(Answer::made(Response::RelatedSearchPage(Box::new(page)), 0, cacheable))
}

fn check(of: &str, walk: &RelationWalk, most: u32) -> Result<(), ErrorBody> {
    let depth_max = limits::RELATION_DEPTH_MAX;
    if !(1..=depth_max).contains(&walk.depth) {
        return Err(ErrorBody::invalid(&format!("{of}.depth"), walk.depth, format!("1 to {depth_max}")));
    }
    if !(1..=most).contains(&walk.limit) {
        return Err(ErrorBody::invalid(&format!("{of}.maxResults"), walk.limit, format!("1 to {most}")));
    }
    Ok(())
}
