//! The hits of a page, as they come out of the store.

use agent_memory_proto::response::Hit;
use tokio_postgres::Row;

use super::{candidates::Ranked, reading::Reading};
use crate::{
    store::{
        StoreError,
        postgres::{
            columns::{count_from, get, id_from, kind_from, priority_from, scope_from},
            values::value,
        },
    },
    text::snippet::{Wanted, snippet},
};

/// Of long texts only the part is sent that a snippet can come from.
pub(super) const HITS: &str = "SELECT e.id, e.kind, e.name, s.level, s.id, e.category, e.tags, e.updated_at_ms, \
     e.created_by, e.version, e.is_active, e.priority, left(e.content, 32768) \
     FROM unnest($1::int8[]) WITH ORDINALITY AS w (rowid, place) \
     CROSS JOIN LATERAL (SELECT * FROM entries e WHERE e.rowid = w.rowid OFFSET 0) e \
     CROSS JOIN LATERAL (SELECT s.level, s.id FROM scopes s WHERE s.key = e.scope OFFSET 0) s ORDER BY w.place";

/// Reads the hits, and ends the search with that.
///
/// # Errors
/// What the server says.
pub(super) async fn read(
    reading: &Reading<'_>,
    page: &[Ranked],
    wanted: &Wanted,
) -> Result<Vec<Hit>, StoreError> {
    if page.is_empty() {
        reading.end().await;
        return Ok(Vec::new());
    }
    let rowids: Vec<i64> = page.iter().map(|ranked| ranked.rowid).collect();
    let rows = reading.last_rows(HITS, &[value(&rowids)]).await?;
    page.iter().zip(&rows).map(|(ranked, row)| hit(row, ranked.score, wanted)).collect()
}

fn hit(row: &Row, score: f64, wanted: &Wanted) -> Result<Hit, StoreError> {
    Ok(Hit {
        score,
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name: get(row, 2)?,
        scope: scope_from(row, 3)?,
        category: get(row, 5)?,
        tags: get(row, 6)?,
        updated_at_ms: get(row, 7)?,
        created_by: get(row, 8)?,
        version: count_from(row, 9)?,
        is_active: get(row, 10)?,
        priority: priority_from(row, 11)?,
        snippet: snippet(get(row, 12)?, wanted),
    })
}
