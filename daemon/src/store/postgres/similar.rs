//! Entries that may say the same as a text: full-text candidates, compared term by term.

use agent_memory_proto::response::SimilarEntry;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{get, id_from, kind_from, scope_from},
    connection::Connection,
    scope_keys, search,
    values::value,
};
use crate::{
    store::{
        SimilarQuery, StoreError,
        answers::likeness::{self, Subject},
    },
    text::query::ParsedQuery,
};

const COMPARED: &str = "SELECT e.id, e.kind, e.name, s.level, s.id, e.content \
     FROM unnest($1::int8[]) AS w (rowid) \
     CROSS JOIN LATERAL (SELECT * FROM entries e WHERE e.rowid = w.rowid OFFSET 0) e \
     JOIN scopes s ON s.key = e.scope";

impl PostgresStore {
    /// The most similar entries, best first.
    pub(super) async fn find_similar(&self, query: &SimilarQuery) -> Result<Vec<SimilarEntry>, StoreError> {
        let subject = Subject::new(&query.name, &query.text);
        let parsed = subject.longest_terms();
        if parsed.is_empty() {
            return Ok(Vec::new());
        }
        let connection = self.lease_until(query.deadline).await?;
        let found = self.compare_with(&connection, query, &subject, &parsed).await;
        if found.is_err() {
            connection.rollback().await;
        }
        Ok(likeness::most_similar(found?, query))
    }

    async fn compare_with(
        &self,
        connection: &Connection,
        query: &SimilarQuery,
        subject: &Subject,
        parsed: &ParsedQuery,
    ) -> Result<Vec<SimilarEntry>, StoreError> {
        let begin = search::begin_until(query.deadline)?;
        let keys = scope_keys::begin_and_find_all(connection, &begin, &query.scopes).await?;
        // Validity is no matter here: what has expired may still say the same.
        let mut request = search::unfiltered(query.kinds.clone());
        request.valid_during_ms = Some((i64::MIN, i64::MAX));
        let ranking =
            search::Ranking { parsed, request: &request, keys: Some(&keys), now_ms: 0, among: None };
        let ranked = search::ranked(connection, &self.statistics, &ranking, likeness::CANDIDATES).await?;
        let rows = connection.commit_with(COMPARED, &[value(&ranked)]).await?;
        rows.iter().map(|row| compare(row, subject)).collect()
    }
}

fn compare(row: &Row, subject: &Subject) -> Result<SimilarEntry, StoreError> {
    let name: String = get(row, 2)?;
    let similarity = subject.similarity(&Subject::new(&name, get(row, 5)?));
    Ok(SimilarEntry {
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name,
        scope: scope_from(row, 3)?,
        similarity,
    })
}
