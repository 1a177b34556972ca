//! Read a conflict with what both versions say.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Conflict, Version},
    request::GetConflict,
    response::ConflictDetails,
};

use super::{Call, Handled};

pub(super) async fn handle(call: Call, request: GetConflict) -> Handled {
    let found = call.services.store.conflicts.conflict(request.id).await?;
    let conflict = found.ok_or_else(|| {
        ErrorBody::not_found("conflict", request.id)
            .with_field("id")
            .with_suggestion("List the conflicts to find the id; those of a removed entry are gone with it")
    })?;
    let first = version(&call, &conflict, conflict.first.version).await?;
    let second = version(&call, &conflict, conflict.second.version).await?;
    Ok(Response::Conflict(Box::new(ConflictDetails { conflict, first, second })).into())
}

/// A version of the entry by its number: versions are listed from the newest on, none is left out.
async fn version(call: &Call, conflict: &Conflict, number: u32) -> Result<Option<Version>, ErrorBody> {
    let newer = conflict.entry_version.saturating_sub(number);
    let entries = &call.services.store.entries;
    let history = entries.history(conflict.kind, conflict.entry_id, 2, newer).await?;
    // Somebody may have added a version meanwhile, which moves all others by one.
    let versions = history.map(|history| history.versions).unwrap_or_default();
    Ok(versions.into_iter().find(|version| version.number == number))
}
