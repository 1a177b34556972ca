//! Entries that may say the same as what is stored. Shared by the requests that tell them.

use agent_memory_proto::{
    ErrorBody, ErrorCode, limits,
    model::{Id, PermissionLevel, ScopeRef},
    response::SimilarEntry,
};

use super::Call;
use crate::store::SimilarQuery;

/// Similar entries that are told.
const SIMILAR_MAX: usize = 3;

/// What may say the same, best first, in a scope and those above it. Nothing is like it in a scope that is not there:
/// if that matters, the write says so.
pub(super) async fn find(
    call: &Call,
    name: &str,
    text: &str,
    scope: ScopeRef,
) -> Result<Vec<SimilarEntry>, ErrorBody> {
    let scopes = match call.scopes(scope, true).await {
        Err(error) if error.code == ErrorCode::NotFound => return Ok(Vec::new()),
        chain => chain?.to_vec(),
    };
    // More than are told: the entry itself, when the request is a repeated one, and what it supersedes.
    let limit = u32::try_from(SIMILAR_MAX + 1 + limits::SUPERSEDES_MAX).unwrap_or(u32::MAX);
    let query = SimilarQuery {
        name: name.to_owned(),
        text: text.to_owned(),
        kinds: Vec::new(),
        scopes,
        similarity_min: limits::SIMILARITY_MIN,
        limit,
        deadline: call.deadline,
    };
    Ok(call.services.store.search.similar(query).await?)
}

/// Those that whoever asks may read, without the entry itself and what it superseded.
pub(super) async fn tellable(
    call: &Call,
    found: Vec<SimilarEntry>,
    without: &[Id],
) -> Result<Vec<SimilarEntry>, ErrorBody> {
    let mut told = Vec::new();
    for entry in found.into_iter().filter(|entry| !without.contains(&entry.id)) {
        if told.len() < SIMILAR_MAX && call.may(entry.scope, Some(entry.kind), PermissionLevel::Read).await? {
            told.push(entry);
        }
    }
    Ok(told)
}

/// Checks what is to be superseded, and gives each the id of the version that records it.
pub(super) fn superseded(call: &Call, ids: &[Id]) -> Result<Vec<(Id, Id)>, ErrorBody> {
    if ids.len() > limits::SUPERSEDES_MAX {
        let allowed = format!("at most {} ids", limits::SUPERSEDES_MAX);
        return Err(ErrorBody::invalid("supersedes", format!("{} ids", ids.len()), allowed));
    }
    let twice = ids.iter().enumerate().find(|(place, id)| ids[..*place].contains(id));
    if let Some((place, id)) = twice {
        return Err(ErrorBody::invalid(&format!("supersedes[{place}]"), id, "each id once"));
    }
    Ok(ids.iter().map(|id| (*id, call.new_id())).collect())
}
