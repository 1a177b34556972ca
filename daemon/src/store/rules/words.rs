//! The words of entries, as the full-text index of every backend holds them: found before a write is
//! begun where they can be, since finding them takes as long as storing them.

use agent_memory_proto::{model::Entry, request::EntryDraft};

use crate::{
    store::{Write, WriteRequest, columns::BodyColumns},
    text::entry::IndexedEntry,
};

/// Texts that a session's own thread may take apart; more of it would hold up other sessions.
const INLINE_BYTES_MAX: usize = 32 * 1024;

/// A write with the words of its new entries, in their order.
#[derive(Debug)]
pub(in crate::store) struct PreparedWrite {
    pub(in crate::store) request: WriteRequest,
    pub(in crate::store) texts: Vec<IndexedEntry>,
}

impl PreparedWrite {
    pub(in crate::store) fn new(request: WriteRequest) -> Self {
        let texts = texts_of(&request.write);
        Self { request, texts }
    }
}

/// The words of the new entries of a write, in their order.
pub(in crate::store) fn texts_of(write: &Write) -> Vec<IndexedEntry> {
    drafts(write).map(text_of_draft).collect()
}

/// Whether to prepare a write on the thread that it came in on.
pub(in crate::store) fn is_quick(write: &Write) -> bool {
    drafts(write).map(|draft| draft.body.text().len()).sum::<usize>() <= INLINE_BYTES_MAX
}

/// The new entries of a write whose words can be found before it is begun.
fn drafts(write: &Write) -> impl Iterator<Item = &EntryDraft> {
    let entries = match write {
        Write::AddEntries { entries, .. } => entries.as_slice(),
        // A remembered text may still get another name.
        _ => &[],
    };
    entries.iter().map(|new| &new.draft)
}

/// The words of a new entry.
pub(super) fn text_of_draft(draft: &EntryDraft) -> IndexedEntry {
    IndexedEntry::of(&draft.name, &draft.tags, draft.category.as_deref(), &draft.body)
}

/// The words of an entry.
pub(in crate::store) fn text_of(entry: &Entry) -> IndexedEntry {
    IndexedEntry::of(&entry.name, &entry.tags, entry.category.as_deref(), &entry.version.body)
}

/// Whether two states of an entry have the same words.
pub(in crate::store) fn reads_the_same(one: &Entry, other: &Entry) -> bool {
    let texts = |entry| {
        let body = BodyColumns::from(entry);
        [
            Some(body.content),
            body.rationale,
            body.source,
            body.constraints,
            body.examples,
            body.parameters,
            body.verification_rules,
        ]
    };
    one.name == other.name
        && one.tags == other.tags
        && one.category == other.category
        && texts(&one.version.body) == texts(&other.version.body)
}
