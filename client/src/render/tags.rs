//! Tags.

use agent_memory_proto::{
    model::Tag,
    response::{EntryTagged, ListedTag, TagCreated, TagPage},
};
use serde_json::{Value, json};

use super::{list, object, time, written};

/// A tag.
#[must_use]
pub fn tag(tag: &Tag) -> Value {
    json!({
        "id": tag.id,
        "name": tag.name,
        "category": tag.category.name(),
        "isPredefined": tag.is_predefined,
        "description": tag.description,
        "createdAt": time(tag.created_at_ms),
    })
}

pub(super) fn created(created: &TagCreated) -> Value {
    json!({ "success": true, "tag": tag(&created.tag), "existed": created.existed })
}

pub(super) fn page(page: &TagPage) -> Value {
    list("tags", page.tags.iter().map(listed), page.has_more)
}

fn listed(listed: &ListedTag) -> Value {
    let known = listed.tag.as_ref().map(tag);
    let unknown = || {
        json!({ "id": null, "name": listed.name, "category": "custom", "isPredefined": false,
            "description": null, "createdAt": null })
    };
    let mut fields = object(known.unwrap_or_else(unknown));
    fields.insert("entryCount".to_owned(), json!(listed.entries));
    Value::Object(fields)
}

pub(super) fn tagged(tagged: &EntryTagged) -> Value {
    let of = &tagged.written;
    let mut fields = object(written(of));
    let entry_tag = json!({
        "entryType": of.kind.name(),
        "entryId": of.id,
        "tagId": tagged.tag.as_ref().map(|tag| tag.id),
        "tagName": tagged.name,
        "createdAt": time(of.at_ms),
    });
    fields.insert("entryTag".to_owned(), entry_tag);
    fields.insert("attached".to_owned(), json!(tagged.is_attached));
    fields.insert("changed".to_owned(), json!(tagged.changed));
    Value::Object(fields)
}
