//! Entries that may say the same as a text: full-text candidates, compared term by term.

use agent_memory_proto::{limits::QUERY_TERMS_MAX, response::SimilarEntry};
use rusqlite::{Connection, Row};

use super::{
    columns::{id_from, kind_from, scope_from},
    scope_keys, search,
};
use crate::{
    store::{SimilarQuery, StoreError},
    text::{
        query::{ParsedQuery, Unit},
        similarity::TermSet,
    },
};

/// Entries that are compared.
const CANDIDATES: u32 = 32;
/// What shares less says something else.
const SIMILARITY_MIN: f64 = 0.3;
/// Text of each side that is compared, in bytes.
const COMPARED_BYTES: usize = 8 * 1024;

/// The most similar entries, best first.
///
/// # Errors
/// What SQLite says.
pub(super) fn find(connection: &Connection, query: &SimilarQuery) -> Result<Vec<SimilarEntry>, StoreError> {
    let terms = TermSet::of(head(&query.text));
    let parsed = longest_terms(&terms);
    if parsed.is_empty() {
        return Ok(Vec::new());
    }
    let keys = scope_keys::find_all(connection, &query.scopes)?;
    // Validity is no matter here: what has expired may still say the same.
    let mut request = search::unfiltered(Vec::new());
    request.valid_during_ms = Some((i64::MIN, i64::MAX));
    let ranking = search::Ranking { parsed: &parsed, request: &request, keys: Some(&keys), now_ms: 0 };
    let mut found = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.kind, e.name, s.level, s.id, e.content FROM entries e \
         JOIN scopes s ON s.key = e.scope WHERE e.rowid = ?1",
    )?;
    for rowid in search::ranked(connection, &ranking, CANDIDATES)? {
        let entry = statement.query_row([rowid], |row| compare(row, &terms))?;
        if entry.similarity >= SIMILARITY_MIN {
            found.push(entry);
        }
    }
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.id.cmp(&b.id)));
    found.truncate(query.limit as usize);
    Ok(found)
}

fn compare(row: &Row<'_>, terms: &TermSet) -> rusqlite::Result<SimilarEntry> {
    let name: String = row.get(2)?;
    let content = row.get_ref(5)?.as_str()?;
    let said = TermSet::of(head(content));
    let named = said.union(&TermSet::of(&name));
    let similarity = terms.similarity(&said).max(terms.similarity(&named));
    Ok(SimilarEntry {
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name,
        scope: scope_from(row, 3)?,
        similarity,
    })
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(COMPARED_BYTES)]
}

/// The terms to look for: the longest, since they are the rarest as a rule.
fn longest_terms(terms: &TermSet) -> ParsedQuery {
    let mut terms: Vec<&str> = terms.iter().collect();
    terms.sort_by_key(|term| (std::cmp::Reverse(term.len()), *term));
    terms.truncate(QUERY_TERMS_MAX);
    ParsedQuery { units: terms.into_iter().map(|term| Unit::Term(term.to_owned())).collect(), ignored: 0 }
}
