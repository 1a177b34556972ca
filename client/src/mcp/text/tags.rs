//! Tags.

use std::fmt::Write as _;

use agent_memory_proto::response::{EntryTagged, ListedTag, TagCreated, TagPage};

use super::{RECALLED, list, part};

pub(super) fn created(created: &TagCreated) -> String {
    let what = if created.existed { "There already" } else { "Created" };
    let tag = &created.tag;
    format!("{what}: tag {:?} ({}, id {})", tag.name, tag.category, tag.id)
}

pub(super) fn page(page: &TagPage) -> String {
    list("No tags.", &format!("{RECALLED} {} tags:", page.tags.len()), &page.tags, page.has_more, line)
}

fn line(out: &mut String, listed: &ListedTag) {
    let category = listed.tag.as_ref().map_or("custom", |tag| tag.category.name());
    let _ = write!(out, "{:?} · {category} · {} entries", listed.name, listed.entries);
    if let Some(tag) = &listed.tag {
        part(out, "", tag.description.as_deref());
        let _ = write!(out, " · id {}", tag.id);
    }
}

pub(super) fn tagged(tagged: &EntryTagged) -> String {
    let of = &tagged.written;
    let what = match (tagged.is_attached, tagged.changed) {
        (true, true) => "attached to",
        (false, true) => "detached from",
        (true, false) => "was there already on",
        (false, false) => "was not there on",
    };
    format!("Tag {:?} {what} {} {:?} (id {}, version {})", tagged.name, of.kind, of.name, of.id, of.version)
}
