//! Cursors: where a page of hits ended, as text that only this file understands.

use agent_memory_proto::{
    ErrorBody,
    codec::Message,
    model::Id,
    request::{RelatedTo, Search},
};

use crate::store::StoreError;

/// The end of a page. The position leads to the next page; the last hit's id mends it when
/// entries were written in between and everything moved a little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Cursor {
    /// How many hits came before.
    pub(in crate::store) position: u32,
    /// The last of them.
    pub(in crate::store) last: Id,
}

const FORMAT: u8 = 1;
const BYTES: usize = 1 + 4 + 16 + 4;

impl Cursor {
    /// The text of the cursor, bound to its search.
    pub(in crate::store) fn text(self, search: &Search) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(FORMAT);
        bytes.extend(self.position.to_be_bytes());
        bytes.extend(self.last.0);
        bytes.extend(fingerprint(search).to_be_bytes());
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads the cursor of a search.
    ///
    /// # Errors
    /// `Refused`, naming `cursor`, for anything that [`Cursor::text`] did not make for this search.
    pub(in crate::store) fn read(text: &str, search: &Search) -> Result<Self, StoreError> {
        let refused = |allowed: &str| {
            let body = ErrorBody::invalid("cursor", text, allowed)
                .with_suggestion("Leave the cursor out to start again from the first page");
            StoreError::refused(body)
        };
        let parts = bytes_of(text).and_then(|bytes| {
            let (format, rest) = bytes.split_first()?;
            let (position, rest) = rest.split_first_chunk()?;
            let (last, rest) = rest.split_first_chunk()?;
            let (print, rest) = rest.split_first_chunk()?;
            let cursor = Self { position: u32::from_be_bytes(*position), last: Id(*last) };
            (*format == FORMAT && rest.is_empty()).then_some((cursor, u32::from_be_bytes(*print)))
        });
        match parts {
            None => Err(refused("a nextCursor of an earlier answer, unchanged")),
            Some((_, print)) if print != fingerprint(search) => {
                Err(refused("the nextCursor of the same query with the same filters"))
            }
            Some((cursor, _)) => Ok(cursor),
        }
    }
}

fn bytes_of(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    if text.len() != 2 * BYTES || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

/// The search that cursors are bound to of a search for what is related to something.
pub(in crate::store) fn bound_to(search: &Search, related_to: Option<&RelatedTo>) -> Search {
    let Some(related_to) = related_to else { return search.clone() };
    // No text that is searched for matters: it is only hashed.
    Search { query: format!("{}\0{related_to:?}", search.query), ..search.clone() }
}

/// A hash of everything in the search that decides which hits there are, and in which order.
/// FNV-1a: it guards against mistakes, and has to be the same after a restart.
fn fingerprint(search: &Search) -> u32 {
    let kept = Search { limit: 0, offset: 0, cursor: None, ..search.clone() };
    let bytes = kept.encode().unwrap_or_default();
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::contract::search::search_for;

    const CURSOR: Cursor = Cursor { position: 20, last: Id([7; 16]) };

    #[test]
    fn a_cursor_belongs_to_its_search() {
        let search = search_for("one");
        let text = CURSOR.text(&search);
        let next_page = Search { cursor: Some(text.clone()), limit: 5, ..search };
        assert_eq!(Cursor::read(&text, &next_page), Ok(CURSOR));
        assert!(Cursor::read(&text, &search_for("two")).is_err());
    }

    proptest! {
        #[test]
        fn garbage_is_refused_by_name(text in any::<String>()) {
            let Err(StoreError::Refused(body)) = Cursor::read(&text, &search_for("one")) else {
                panic!("{text:?} was taken")
            };
            prop_assert_eq!(body.field.as_deref(), Some("cursor"));
        }
    }
}
