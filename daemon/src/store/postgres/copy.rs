//! The store as a side of a copy: read through a cursor, written by `COPY`, in one transaction.

use std::pin::pin;

use tokio_postgres::{
    Client,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use super::{
    cells::{Sent, cell, type_of},
    columns::{get, text_key},
    connector::Connector,
    error::{During, of_driver},
    maintenance,
    options::PostgresOptions,
    payload,
    search::index::IndexRow,
    values::value,
};
use crate::{
    clock::Clock,
    store::{
        StoreError,
        copy::{
            BATCH_BYTES, BATCH_ROWS, Cell, Column, ColumnKind, Row, Sink, Source, Table, Target, words_of,
        },
    },
};

/// Rows of one answer of the server.
const FETCHED_ROWS: usize = 100;
/// Whoever writes meanwhile waits for the copy.
const BEGIN_WRITING: &str = "BEGIN; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE scopes, orgs, projects, sessions, entries, \
    entry_versions, conflicts, entry_index, idempotency_keys, tasks, task_blockers, task_versions IN SHARE ROW EXCLUSIVE MODE";
const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// A PostgreSQL store that is copied, or copied into.
pub(crate) struct PostgresSide {
    options: PostgresOptions,
    clock: Clock,
    client: Client,
}

impl PostgresSide {
    /// The side that a copy goes to.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(crate) async fn target(options: PostgresOptions, clock: Clock) -> Result<Self, StoreError> {
        let (client, _) = Connector::new(&options, &options.server)?.open(drop).await?;
        Ok(Self { options, clock, client })
    }

    /// A snapshot of the store; `None` when the database has no schema yet.
    ///
    /// # Errors
    /// Why it cannot be read; `Unavailable` when its schema is older than this build.
    pub(crate) async fn open(options: PostgresOptions, clock: Clock) -> Result<Option<Self>, StoreError> {
        let (found, steps) = maintenance::pending_migrations(&options).await?;
        if found == 0 {
            return Ok(None);
        }
        if !steps.is_empty() {
            return Err(StoreError::Unavailable(format!(
                "{} has schema {found}, which is older than this build; run `agent-memory db migrate`",
                options.location()
            )));
        }
        let side = Self::target(options, clock).await?;
        side.run(BEGIN_READING).await?;
        Ok(Some(side))
    }

    async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(failed)
    }

    /// Stores the words of entries.
    async fn index(&self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO entry_index (entry, tokens, frequencies, terms) \
            SELECT entry, tokens, frequencies, terms::tsvector FROM unnest($1, $2, $3, $4) \
            AS w (entry, tokens, frequencies, terms)";
        let (mut entries, mut tokens) = (Vec::new(), Vec::new());
        let (mut frequencies, mut terms) = (Vec::new(), Vec::new());
        for row in rows {
            let words = words_of(table, row)?;
            let row = IndexRow::of(&words.text, words.scope_key);
            entries.push(words.rowid);
            tokens.push(row.tokens);
            frequencies.push(row.frequencies);
            terms.push(row.terms);
        }
        let values = [value(&entries), value(&tokens), value(&frequencies), value(&terms)];
        self.client.query_typed(SQL, &values).await.map_err(failed)?;
        Ok(())
    }
}

/// Until the commit nothing is stored.
fn failed(error: tokio_postgres::Error) -> StoreError {
    of_driver(&error, During::Work)
}

impl Source for PostgresSide {
    fn place(&self) -> String {
        self.options.location()
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let rows = self.client.query_typed(&format!("SELECT count(*) FROM {}", table.name), &[]).await;
        let count: i64 = rows.map_err(failed)?.first().map_or(Ok(0), |row| get(row, 0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn read(&mut self, table: &Table, sink: &mut impl Sink) -> Result<(), StoreError> {
        self.run(&format!(
            "DECLARE copied NO SCROLL CURSOR FOR SELECT {} FROM {} ORDER BY {}",
            table.names(),
            table.name,
            table.order
        ))
        .await?;
        let fetch = format!("FETCH {FETCHED_ROWS} FROM copied");
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            let rows = self.client.query_typed(&fetch, &[]).await.map_err(failed)?;
            for row in &rows {
                let cells: Row = (table.columns.iter().enumerate())
                    .map(|(place, column)| cell(row, place, column.kind))
                    .collect::<Result<_, _>>()?;
                bytes += cells.iter().map(Cell::bytes).sum::<usize>();
                batch.push(cells);
            }
            let is_last = rows.len() < FETCHED_ROWS;
            if !batch.is_empty() && (is_last || bytes >= BATCH_BYTES || batch.len() >= BATCH_ROWS) {
                sink.take(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            if is_last {
                return self.run("CLOSE copied").await;
            }
        }
    }

    async fn last_token(&mut self) -> Result<i64, StoreError> {
        const SEQUENCE: &str = "SELECT pg_get_serial_sequence('file_locks', 'token')";
        let rows = self.client.query_typed(SEQUENCE, &[]).await.map_err(failed)?;
        let sequence: String = rows.first().map_or_else(|| Ok(String::new()), |row| get(row, 0))?;
        let sql = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
        let rows = self.client.query_typed(&sql, &[]).await.map_err(failed)?;
        rows.first().map_or(Ok(0), |row| get(row, 0))
    }
}

impl Target for PostgresSide {
    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.options.migrate {
            maintenance::migrate(&self.options, &self.clock).await?;
        }
        self.run(BEGIN_WRITING).await
    }

    async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let key = key_column(table);
        let mut names = table.names();
        let mut types: Vec<Type> = table.columns.iter().map(|column| type_of(column.kind)).collect();
        if let Some((_, name)) = key {
            names = format!("{names}, {name}");
            types.push(Type::UUID);
        }
        let sql = format!("COPY {} ({names}) FROM STDIN (FORMAT binary)", table.name);
        let mut writer =
            pin!(BinaryCopyInWriter::new(self.client.copy_in(&sql).await.map_err(failed)?, &types));
        for row in rows {
            if table.has_always(row)? {
                continue;
            }
            let extra = key.map(|(of, _)| Ok::<_, StoreError>(keyed(table.cell(row, of)?))).transpose()?;
            let cells = row.iter().zip(table.columns).map(|(cell, column)| Sent(cell, *column));
            let keys = extra.iter().map(|cell| Sent(cell, KEY));
            let values: Vec<Sent<'_>> = cells.chain(keys).collect();
            let values = values.iter().map(|value| value as &(dyn ToSql + Sync));
            writer.as_mut().write_raw(values).await.map_err(failed)?;
        }
        writer.finish().await.map_err(failed)?;
        if table.name == "entries" {
            self.index(table, rows).await?;
        }
        Ok(())
    }

    async fn finish(&mut self, last_token: i64) -> Result<(), StoreError> {
        if last_token > self.last_token().await? {
            self.run(&format!("SELECT setval(pg_get_serial_sequence('file_locks', 'token'), {last_token})"))
                .await?;
        }
        for (table, key) in
            [("scopes", "key"), ("entries", "rowid"), ("conflicts", "rowid"), ("tasks", "key")]
        {
            self.run(&format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key})) FROM {table} HAVING max({key}) > 0"
            ))
            .await?;
        }
        // Daemons that are there already have to look anew: no daemon tells of its changes like this.
        self.run(&format!(
            "ANALYZE scopes, entries, entry_versions, entry_index; NOTIFY {}, 'copied'",
            payload::CHANNEL
        ))
        .await
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        self.client.batch_execute("COMMIT").await.map_err(|error| of_driver(&error, During::Commit))
    }

    async fn undo(&mut self) {
        if let Err(error) = self.run("ROLLBACK").await {
            tracing::debug!(%error, "the server undoes it when the connection ends");
        }
    }
}

/// The column that stands for a long text in an index: of which, and its name.
fn key_column(table: &Table) -> Option<(&'static str, &'static str)> {
    match table.name {
        "entries" => Some(("name", "name_key")),
        "projects" => Some(("root_path", "root_path_key")),
        _ => None,
    }
}

const KEY: Column = Column { name: "key", kind: ColumnKind::Id };

fn keyed(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Bytes(text_key(text).into_bytes().to_vec()),
        _ => Cell::Null,
    }
}
