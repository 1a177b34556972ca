//! Attach a tag to an entry, or detach one.

use agent_memory_proto::{
    limits,
    request::{EntryTag, TagSelector},
};

use super::{Call, Handled, checks};
use crate::store::{TagChange, Write};

pub(super) async fn handle(call: Call, request: EntryTag, attach: bool) -> Handled {
    if let TagSelector::Name(name) = &request.tag {
        checks::name("tagName", name, limits::TAG_CHARS_MAX)?;
    }
    let change = TagChange {
        kind: request.kind,
        id: request.id,
        tag: request.tag,
        attach,
        version_id: call.new_id(),
        new_tag_id: call.new_id(),
        updated_by: call.agent_or("updatedBy", request.updated_by)?,
    };
    call.write(Write::ChangeTag(change)).await
}
