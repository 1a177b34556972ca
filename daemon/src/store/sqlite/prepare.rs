//! What can be done for a write before it reaches the writer, which is alone: the words of new
//! entries take as long to find as to store.

use crate::{
    store::{
        Write, WriteRequest,
        rules::{drafts, texts_of},
    },
    text::entry::IndexedEntry,
};

/// Texts that a session's own thread may take apart; more of it would hold up other sessions.
const INLINE_BYTES_MAX: usize = 32 * 1024;

/// A write with what the full-text index will hold of its new entries, in their order.
#[derive(Debug)]
pub(super) struct PreparedWrite {
    pub(super) request: WriteRequest,
    pub(super) texts: Vec<IndexedEntry>,
}

impl PreparedWrite {
    pub(super) fn new(request: WriteRequest) -> Self {
        let texts = texts_of(&request.write);
        Self { request, texts }
    }
}

/// Whether to prepare a write on the thread that it came in on.
pub(super) fn is_quick(write: &Write) -> bool {
    drafts(write).map(|draft| draft.body.text().len()).sum::<usize>() <= INLINE_BYTES_MAX
}
