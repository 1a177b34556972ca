//! Create a tag.

use agent_memory_proto::{
    limits,
    model::{Tag, TagCategory},
    request::CreateTag,
};

use super::{Call, Handled, checks};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: CreateTag) -> Handled {
    checks::name("name", &request.name, limits::TAG_CHARS_MAX)?;
    checks::optional("description", request.description.as_ref(), limits::DESCRIPTION_CHARS_MAX)?;
    let tag = Tag {
        id: call.new_id(),
        name: request.name,
        category: request.category.unwrap_or(TagCategory::Custom),
        description: request.description,
        is_predefined: request.is_predefined,
        created_at_ms: call.now_ms,
    };
    call.write(Write::CreateTag(tag)).await
}
