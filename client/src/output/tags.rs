//! Tags, for people.

use agent_memory_proto::response::{EntryTagged, TagCreated, TagPage};

use super::style::{Style, more};

pub(crate) fn created(created: &TagCreated) -> String {
    let what = if created.existed { "there already" } else { "created" };
    let tag = &created.tag;
    format!("{what}: {} ({}, {})", tag.name, tag.category, tag.id)
}

pub(crate) fn page(style: Style, page: &TagPage) -> String {
    let rows = page.tags.iter().map(|listed| {
        let tag = listed.tag.as_ref();
        vec![
            listed.name.clone(),
            tag.map_or("custom", |tag| tag.category.name()).to_owned(),
            listed.entries.to_string(),
            tag.and_then(|tag| tag.description.clone()).unwrap_or_default(),
            tag.map(|tag| tag.id.to_string()).unwrap_or_default(),
        ]
    });
    style.table(&["tag", "category", "entries", "description", "id"], rows) + more(page.has_more)
}

pub(crate) fn tagged(tagged: &EntryTagged) -> String {
    let of = &tagged.written;
    let what = match (tagged.is_attached, tagged.changed) {
        (true, true) => "attached to",
        (false, true) => "detached from",
        (true, false) => "on already:",
        (false, false) => "not on:",
    };
    format!("{} {what} {} {:?} ({}, version {})", tagged.name, of.kind, of.name, of.id, of.version)
}
