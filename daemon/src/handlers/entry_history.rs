//! List the versions of one entry.

use agent_memory_proto::{ErrorBody, Response, request::EntryHistory};

use super::{Answer, Call, Handled, checks};

pub(super) async fn handle(call: Call, request: EntryHistory) -> Handled {
    checks::page(request.limit, request.offset)?;
    let dependencies = call.services.changes.generations.capture(None);
    let (kind, id) = (request.kind, request.id);
    let history = call.services.store.entries.history(kind, id, request.limit, request.offset).await?;
    let history = history.ok_or_else(|| {
        ErrorBody::not_found(kind.name(), id)
            .with_field("id")
            .with_suggestion("Search or list to find its id")
    })?;
    Ok(Answer::cached_under(Response::History(history), Some(dependencies)))
}
