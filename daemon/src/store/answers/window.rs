//! Which ranks of a search are read for a page.

use agent_memory_proto::{model::Id, request::Search};

use super::cursor::Cursor;

/// How far around its position the last hit of a page is looked for.
const CURSOR_SLACK: u32 = 20;

/// The ranks that are read: the page, one more to know whether there is more, and after a cursor
/// some around its position.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Window {
    pub(in crate::store) offset: u32,
    pub(in crate::store) limit: u32,
}

impl Window {
    pub(in crate::store) fn of(request: &Search, cursor: Option<Cursor>) -> Self {
        match cursor {
            None => Self { offset: request.offset, limit: request.limit + 1 },
            Some(cursor) => {
                let back = cursor.position.min(CURSOR_SLACK);
                let limit = back + CURSOR_SLACK + request.limit + 1;
                Self { offset: cursor.position - back, limit }
            }
        }
    }

    /// The page among what was read, and the cursor of the next one if there is more.
    pub(in crate::store) fn page<T>(
        &self,
        found: Vec<T>,
        id: impl Fn(&T) -> Id,
        request: &Search,
        cursor: Option<Cursor>,
    ) -> (Vec<T>, Option<String>) {
        let before = self.before(&found, &id, cursor);
        let limit = request.limit as usize;
        let has_more = found.len() > before + limit;
        let page: Vec<T> = found.into_iter().skip(before).take(limit).collect();
        let next_cursor = page.last().filter(|_| has_more).map(|last| {
            let position = self.offset + u32::try_from(before + page.len()).unwrap_or(u32::MAX);
            Cursor { position, last: id(last) }.text(request)
        });
        (page, next_cursor)
    }

    /// How many of the rows that were read belong to earlier pages.
    fn before<T>(&self, found: &[T], id: impl Fn(&T) -> Id, cursor: Option<Cursor>) -> usize {
        let Some(Cursor { position, last }) = cursor else { return 0 };
        let is_last = |found: &T| id(found) == last;
        found.iter().position(is_last).map_or((position - self.offset) as usize, |index| index + 1)
    }
}
