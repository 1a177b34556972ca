//! Creates tags, and attaches them to entries. Attaching is a change of the entry's tags: a new version of it, so
//! that its history says who did it, and searches, exports and caches know of it as of any other.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    limits::TAGS_MAX,
    model::{Entry, Id, Tag, TagCategory},
    request::TagSelector,
    response::{EntryTagged, TagCreated, WriteAction, Written},
};

use super::{
    Applied,
    refusals::no_entry,
    reports::report,
    revision::Revision,
    transaction::{Step, WriteTransaction},
};
use crate::store::{StoreError, TagChange};

pub(super) async fn create(rows: &impl WriteTransaction, tag: &Tag) -> Applied {
    let (there, existed) = find_or_insert(rows, tag).await?;
    let says_more = tag.category != TagCategory::Custom || tag.description.is_some();
    let is_bare = there.category == TagCategory::Custom && there.description.is_none();
    let tag = if existed && is_bare && says_more {
        let told = Tag { category: tag.category, description: tag.description.clone(), ..there };
        rows.update_tag(&told).await?;
        told
    } else {
        there
    };
    Ok((Response::TagCreated(TagCreated { tag, existed }), Vec::new()))
}

/// The tag of that name, as it was or as it is now, and whether it was there.
async fn find_or_insert(rows: &impl WriteTransaction, tag: &Tag) -> Step<(Tag, bool)> {
    if let Some(there) = rows.tag_named(&tag.name).await? {
        return Ok((there, true));
    }
    if rows.insert_tag(tag).await? {
        return Ok((tag.clone(), false));
    }
    match rows.tag_named(&tag.name).await? {
        Some(there) => Ok((there, true)),
        None => Err(StoreError::Contended("the tag came at the same time".to_owned())),
    }
}

pub(super) async fn change(rows: &impl WriteTransaction, change: &TagChange, at_ms: i64) -> Applied {
    let kind = change.kind;
    let (name, mut known) = match &change.tag {
        TagSelector::Name(name) => (name.clone(), rows.tag_named(name).await?),
        TagSelector::Id(id) => {
            let tag = rows.tag(*id).await?.ok_or_else(|| no_tag(*id))?;
            (tag.name.clone(), Some(tag))
        }
    };
    let stored = rows.entry(kind, change.id).await?.ok_or_else(|| no_entry(kind, change.id, "entryId"))?;
    let old = &stored.entry;
    let place = old.tags.binary_search(&name);
    if change.attach && known.is_none() {
        let tag = Tag {
            id: change.new_tag_id,
            name: name.clone(),
            category: TagCategory::Custom,
            description: None,
            is_predefined: false,
            created_at_ms: at_ms,
        };
        known = Some(find_or_insert(rows, &tag).await?.0);
    }
    let mut tags = old.tags.clone();
    match (place, change.attach) {
        (Err(place), true) if tags.len() < TAGS_MAX => tags.insert(place, name.clone()),
        (Err(_), true) => return Err(too_many(old)),
        (Ok(place), false) => drop(tags.remove(place)),
        (Ok(_), true) | (Err(_), false) => {
            let (written, _) = report(old, WriteAction::Updated, at_ms, None);
            return Ok((answer(change, written, name, known, false), Vec::new()));
        }
    }
    let verb = if change.attach { "attached" } else { "detached" };
    let revision = Revision {
        version_id: change.version_id,
        updated_by: change.updated_by.clone(),
        change_reason: Some(format!("tag {verb}: {name}")),
        at_ms,
    };
    let new = Entry { tags, ..revision.of(old) };
    rows.replace_entry(&stored, &new).await?;
    let (written, told) = report(&new, WriteAction::Updated, at_ms, new.updated_by.as_deref());
    Ok((answer(change, written, name, known, true), vec![told]))
}

fn answer(change: &TagChange, written: Written, name: String, tag: Option<Tag>, changed: bool) -> Response {
    Response::EntryTagged(Box::new(EntryTagged { written, name, tag, is_attached: change.attach, changed }))
}

fn no_tag(id: Id) -> StoreError {
    StoreError::refused(
        ErrorBody::not_found("tag", id)
            .with_field("tagId")
            .with_suggestion("List the tags to find the id, or give tagName"),
    )
}

fn too_many(entry: &Entry) -> StoreError {
    StoreError::refused(
        ErrorBody::new(ErrorCode::LimitExceeded, format!("{} has {TAGS_MAX} tags already", entry.id))
            .with_field("tagName")
            .with_allowed(format!("at most {TAGS_MAX} tags on one entry"))
            .with_suggestion("Detach one that says less first"),
    )
}
