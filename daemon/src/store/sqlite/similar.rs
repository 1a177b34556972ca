//! Entries that may say the same as a text: full-text candidates, compared term by term.

use agent_memory_proto::response::SimilarEntry;
use rusqlite::{Connection, Row};

use super::{
    columns::{id_from, kind_from, scope_from},
    scope_keys, search,
};
use crate::store::{
    SimilarQuery, StoreError,
    answers::likeness::{self, Subject},
};

/// The most similar entries, best first.
///
/// # Errors
/// What SQLite says.
pub(super) fn find(connection: &Connection, query: &SimilarQuery) -> Result<Vec<SimilarEntry>, StoreError> {
    let subject = Subject::new(&query.name, &query.text);
    let parsed = subject.longest_terms();
    if parsed.is_empty() {
        return Ok(Vec::new());
    }
    let keys = scope_keys::find_all(connection, &query.scopes)?;
    // Validity is no matter here: what has expired may still say the same.
    let mut request = search::unfiltered(query.kinds.clone());
    request.valid_during_ms = Some((i64::MIN, i64::MAX));
    let ranking =
        search::Ranking { parsed: &parsed, request: &request, keys: Some(&keys), now_ms: 0, among: None };
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.kind, e.name, s.level, s.id, e.content FROM entries e \
         JOIN scopes s ON s.key = e.scope WHERE e.rowid = ?1",
    )?;
    for rowid in search::ranked(connection, &ranking, likeness::CANDIDATES)? {
        found.push(statement.query_row([rowid], |row| compare(row, &subject))?);
    }
    Ok(likeness::most_similar(found, query))
}

fn compare(row: &Row<'_>, subject: &Subject) -> rusqlite::Result<SimilarEntry> {
    let name: String = row.get(2)?;
    let similarity = subject.similarity(&Subject::new(&name, row.get_ref(5)?.as_str()?));
    Ok(SimilarEntry {
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name,
        scope: scope_from(row, 3)?,
        similarity,
    })
}
