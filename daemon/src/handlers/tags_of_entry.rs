//! List the tags of one entry.

use agent_memory_proto::{ErrorBody, Response, request::TagsOfEntry, response::TagPage};

use super::{Call, Handled};

pub(super) async fn handle(call: Call, request: TagsOfEntry) -> Handled {
    let (kind, id, store) = (request.kind, request.id, &call.services.store);
    let entry = store.entries.get(kind, id).await?.ok_or_else(|| {
        ErrorBody::not_found(kind.name(), id)
            .with_field("entryId")
            .with_suggestion("Search or list to find its id")
    })?;
    let tags = store.tags.tags_named(entry.tags).await?;
    Ok(Response::Tags(TagPage { tags, has_more: false }).into())
}
