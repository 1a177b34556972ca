//! Context: the memory of a scope under a token budget. Reads what could go in, has the plan made,
//! reads the texts that were chosen, all in one snapshot and few round trips.

mod candidates;
mod totals;

use agent_memory_proto::response::{Context, ContextEntry};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{get, id_from, kind_from, priority_from, scope_from},
    connection::Connection,
    scope_keys, search,
    values::value,
};
use crate::store::{
    ContextQuery, StoreError,
    answers::{
        heads,
        plan::{self, Chosen},
    },
};

const CHOSEN: &str = "SELECT e.id, e.kind, e.name, s.level, s.id, e.category, e.tags, e.updated_at_ms, \
     e.created_by, e.priority, e.content \
     FROM unnest($1::int8[]) WITH ORDINALITY AS w (rowid, place) \
     CROSS JOIN LATERAL (SELECT * FROM entries e WHERE e.rowid = w.rowid OFFSET 0) e \
     JOIN scopes s ON s.key = e.scope ORDER BY w.place";

impl PostgresStore {
    /// The memory of the scopes.
    pub(super) async fn gather(&self, query: &ContextQuery) -> Result<Context, StoreError> {
        let connection = self.lease_until(query.deadline).await?;
        let gathered = self.gather_with(&connection, query).await;
        if gathered.is_err() {
            connection.rollback().await;
        }
        gathered
    }

    async fn gather_with(
        &self,
        connection: &Connection,
        query: &ContextQuery,
    ) -> Result<Context, StoreError> {
        let begin = search::begin_until(query.deadline)?;
        let keys = scope_keys::begin_and_find_all(connection, &begin, &query.scopes).await?;
        let kinds = heads::kinds(&query.request);
        let relevance = candidates::relevance(connection, &self.statistics, query, &keys, &kinds).await?;
        let (candidates, counts) = futures_util::future::try_join(
            candidates::read(connection, query, &keys, &kinds, &relevance),
            totals::counts(connection, query, &keys),
        )
        .await?;
        let totals = totals::visible(connection, query, &keys, &kinds, &counts).await?;
        let chosen = plan::choose(&candidates, query.budget_tokens);
        let rowids: Vec<i64> = chosen.iter().map(|choice| choice.rowid).collect();
        let rows = connection.commit_with(CHOSEN, &[value(&rowids)]).await?;
        let entries = rows.iter().zip(&chosen).map(|(row, choice)| entry(row, choice));
        Ok(heads::context(query, entries.collect::<Result<_, _>>()?, totals))
    }
}

fn entry(row: &Row, choice: &Chosen) -> Result<ContextEntry, StoreError> {
    let (text, is_cut) = heads::text(get(row, 10)?, choice);
    Ok(ContextEntry {
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name: get(row, 2)?,
        text,
        is_cut,
        scope: scope_from(row, 3)?,
        category: get(row, 5)?,
        tags: get(row, 6)?,
        updated_at_ms: get(row, 7)?,
        created_by: get(row, 8)?,
        priority: priority_from(row, 9)?,
    })
}
