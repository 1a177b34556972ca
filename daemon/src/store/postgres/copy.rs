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
            BATCH_BYTES, BATCH_ROWS, Cell, Column, ColumnKind, Row, Sink, Source, TABLES, Table, Target,
            words_of,
        },
    },
};

/// Rows of one answer of the server.
const FETCHED_ROWS: usize = 100;
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

    /// Begins to put something else in the place of everything. Whoever writes meanwhile waits.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn begin_replacing(&self) -> Result<(), StoreError> {
        self.run(&begin_writing()).await
    }

    /// Removes everything that a copy brings. Rows that a new store has stay.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn clear(&self) -> Result<(), StoreError> {
        for table in TABLES.iter().rev() {
            let kept = if table.rows_of_new_store > 0 { " WHERE level > 0" } else { "" };
            self.run(&format!("DELETE FROM {}{kept}", table.name)).await?;
        }
        Ok(())
    }

    async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.client.batch_execute(sql).await.map_err(failed)
    }

    async fn number(&self, sql: &str) -> Result<i64, StoreError> {
        let rows = self.client.query_typed(sql, &[]).await.map_err(failed)?;
        rows.first().map_or(Ok(0), |row| get(row, 0))
    }

    /// The number that a column gave out last; 0 when it gave none. Whoever may use the sequence may ask.
    async fn last_number(&self, table: &str, column: &str) -> Result<i64, StoreError> {
        self.number(&format!(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('{table}', '{column}')::regclass), 0)"
        ))
        .await
    }

    /// A column gives out larger numbers from now on. This alone needs the right to change the sequence, so it
    /// is done only where it has to be.
    async fn raise_number(&self, table: &str, column: &str, last: i64) -> Result<(), StoreError> {
        if last <= self.last_number(table, column).await? {
            return Ok(());
        }
        self.run(&format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {last})")).await
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

/// Whoever writes meanwhile, to whatever table is copied, waits for the copy.
fn begin_writing() -> String {
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0; \
        LOCK TABLE {}, entry_index IN SHARE ROW EXCLUSIVE MODE",
        tables.join(", ")
    )
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
        let count = self.number(&format!("SELECT count(*) FROM {}", table.name)).await?;
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
        self.last_number("file_locks", "token").await
    }
}

impl Target for PostgresSide {
    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.options.migrate {
            maintenance::migrate(&self.options, &self.clock).await?;
        }
        self.run(&begin_writing()).await
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
        self.raise_number("file_locks", "token", last_token).await?;
        for (table, key) in
            [("scopes", "key"), ("entries", "rowid"), ("conflicts", "rowid"), ("tasks", "key")]
        {
            let sql = format!("SELECT coalesce(max({key}), 0) FROM {table}");
            let highest = self.number(&sql).await?;
            self.raise_number(table, key, highest).await?;
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
