//! One hit, as it comes out of the store.

use agent_memory_proto::response::Hit;
use rusqlite::Row;

use crate::{
    store::sqlite::columns::{id_from, kind_from, scope_from, tags_from},
    text::snippet::{Wanted, snippet},
};

/// The columns of a hit, of `r`, `entries e` and `scopes s`.
pub(super) const COLUMNS: &str = "r.score, e.id, e.kind, e.name, s.level, s.id, e.category, e.tags, \
    e.updated_at_ms, e.created_by, e.version, e.is_active, e.priority, e.content, e.rowid";

/// A hit whose snippet is still the whole text: most rows around a cursor need none.
pub(super) struct Found {
    pub(super) hit: Hit,
    pub(super) rowid: i64,
}

impl Found {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let score: f64 = row.get(0)?;
        Ok(Self {
            hit: Hit {
                // FTS5 turns the sign of BM25, so that the best is the smallest.
                score: if score == 0.0 { 0.0 } else { -score },
                id: id_from(row, 1)?,
                kind: kind_from(row, 2)?,
                name: row.get(3)?,
                scope: scope_from(row, 4)?,
                category: row.get(6)?,
                tags: tags_from(row, 7)?,
                updated_at_ms: row.get(8)?,
                created_by: row.get(9)?,
                version: row.get(10)?,
                is_active: row.get(11)?,
                priority: row.get(12)?,
                snippet: row.get(13)?,
            },
            rowid: row.get(14)?,
        })
    }

    pub(super) fn with_snippet(mut self, wanted: &Wanted) -> Hit {
        self.hit.snippet = snippet(&self.hit.snippet, wanted);
        self.hit
    }
}
