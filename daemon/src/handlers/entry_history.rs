//! List the versions of one entry.

use agent_memory_proto::{Response, request::EntryHistory};

use super::{Answer, Call, Handled, checks, get_entry::no_entry};

pub(super) async fn handle(call: Call, request: EntryHistory) -> Handled {
    checks::page(request.limit, request.offset)?;
    let dependencies = call.services.changes.generations.capture(None);
    let (kind, id) = (request.kind, request.id);
    let history = call.services.store.entries.history(kind, id, request.limit, request.offset).await?;
    let history = history.ok_or_else(|| no_entry(kind, id, "id"))?;
    Ok(Answer::cached_under(Response::History(history), Some(dependencies)))
}
