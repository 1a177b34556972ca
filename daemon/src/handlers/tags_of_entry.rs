//! List the tags of one entry.

use agent_memory_proto::{Response, request::TagsOfEntry, response::TagPage};

use super::{Call, Handled, get_entry::no_entry};

pub(super) async fn handle(call: Call, request: TagsOfEntry) -> Handled {
    let (kind, id, store) = (request.kind, request.id, &call.services.store);
    let entry = store.entries.get(kind, id).await?.ok_or_else(|| no_entry(kind, id, "entryId"))?;
    let tags = store.tags.tags_named(entry.tags).await?;
    Ok(Response::Tags(TagPage { tags, has_more: false }).into())
}
