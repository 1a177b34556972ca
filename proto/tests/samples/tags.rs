//! What has to do with tags.

use agent_memory_proto::{
    Request, Response,
    model::{EntryKind, Tag, TagCategory},
    request::{CreateTag, EntryTag, ListTags, TagSelector, TagsOfEntry},
    response::{EntryTagged, ListedTag, TagCreated, TagPage, Written},
};

use super::{AT_MS, id, named_variants, text, values::encoded};

/// The requests.
pub(super) fn requests() -> Vec<Request> {
    let of_entry = |tag| EntryTag { kind: EntryKind::Tool, id: id(1), tag, updated_by: text("claude") };
    vec![
        Request::CreateTag(CreateTag {
            name: "rust".to_owned(),
            category: Some(TagCategory::Language),
            description: text("Written in it"),
            is_predefined: true,
        }),
        Request::ListTags(ListTags { category: Some(TagCategory::Meta), limit: 20, offset: 0 }),
        Request::AttachTag(of_entry(TagSelector::Name("rust".to_owned()))),
        Request::DetachTag(of_entry(TagSelector::Id(id(6)))),
        Request::TagsOfEntry(TagsOfEntry { kind: EntryKind::Tool, id: id(1) }),
    ]
}

pub(super) fn tag() -> Tag {
    Tag {
        id: id(6),
        name: "rust".to_owned(),
        category: TagCategory::Language,
        description: text("Written in it"),
        is_predefined: true,
        created_at_ms: AT_MS,
    }
}

/// The responses.
pub(super) fn responses(written: Written) -> Vec<Response> {
    let listed = ListedTag { name: "rust".to_owned(), tag: Some(tag()), entries: 7 };
    vec![
        Response::TagCreated(TagCreated { tag: tag(), existed: true }),
        Response::Tags(TagPage { tags: vec![listed], has_more: true }),
        Response::EntryTagged(Box::new(EntryTagged {
            written,
            name: "rust".to_owned(),
            tag: Some(tag()),
            is_attached: true,
            changed: true,
        })),
    ]
}

/// The small values.
pub(super) fn small_values() -> Vec<(String, Vec<u8>)> {
    encoded(
        "tag_category",
        named_variants!(TagCategory::ALL, {
            TagCategory::Language => "language",
            TagCategory::Domain => "domain",
            TagCategory::Category => "category",
            TagCategory::Meta => "meta",
            TagCategory::Custom => "custom",
        }),
    )
}
