//! The store as a side of a copy. Whoever makes one holds the lock of the data directory.

use rusqlite::{Connection, params_from_iter};

use super::{
    cells::{cell, value},
    connection, file_locks, index, migrations,
    options::{SqliteOptions, file_bytes},
};
use crate::{
    clock::Clock,
    store::{
        StoreError,
        copy::{BATCH_BYTES, BATCH_ROWS, Cell, Row, Sink, Source, Table, Target, words_of},
    },
};

/// An SQLite store that is copied, or copied into.
pub(crate) struct SqliteSide {
    options: SqliteOptions,
    clock: Clock,
    connection: Option<Connection>,
}

impl SqliteSide {
    /// The side that a copy goes to.
    pub(crate) fn target(options: SqliteOptions, clock: Clock) -> Self {
        Self { options, clock, connection: None }
    }

    /// A snapshot of the store; `None` when there is no store.
    ///
    /// # Errors
    /// `Unavailable` when it is none of ours or has another schema than this build.
    pub(crate) fn open(options: SqliteOptions, clock: Clock) -> Result<Option<Self>, StoreError> {
        if file_bytes(&options.database()) == 0 {
            return Ok(None);
        }
        let found = migrations::version(&options)?;
        if found != migrations::newest() {
            return Err(StoreError::Unavailable(format!(
                "{} has schema {found}, and this build works with {}; start its daemon once, which migrates it",
                options.database().display(),
                migrations::newest()
            )));
        }
        let connection = connection::open_reader(&options)?;
        connection.execute_batch("BEGIN")?;
        Ok(Some(Self { options, clock, connection: Some(connection) }))
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| StoreError::Unavailable("the store is not open".to_owned()))
    }
}

impl Source for SqliteSide {
    fn place(&self) -> String {
        self.options.database().display().to_string()
    }

    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let count: i64 = self.connection()?.query_row(&sql, [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn read(&mut self, table: &Table, sink: &mut impl Sink) -> Result<(), StoreError> {
        let sql = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, table.order);
        let mut statement = self.connection()?.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let mut cells = Row::with_capacity(table.columns.len());
            for (place, column) in table.columns.iter().enumerate() {
                cells.push(cell(row.get_ref(place)?, column)?);
            }
            bytes += cells.iter().map(Cell::bytes).sum::<usize>();
            batch.push(cells);
            if batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
                sink.take(std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            sink.take(batch).await?;
        }
        Ok(())
    }

    async fn last_token(&mut self) -> Result<i64, StoreError> {
        file_locks::last_token(self.connection()?)
    }
}

impl Target for SqliteSide {
    async fn begin(&mut self) -> Result<(), StoreError> {
        migrations::migrate(&self.options, &self.clock, migrations::ALL)?;
        let connection = connection::open_writer(&self.options)?;
        // Row ids of keys grow with time, so these wait until all are there.
        connection.execute_batch(
            "CREATE TEMP TABLE copied_keys (key BLOB, fingerprint INTEGER, at_ms INTEGER, reply BLOB); BEGIN IMMEDIATE",
        )?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let connection = self.connection()?;
        let into = if table.name == "idempotency_keys" { "temp.copied_keys" } else { table.name };
        let marks = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO {into} ({}) VALUES ({marks})", table.names());
        let mut insert = connection.prepare_cached(&sql)?;
        let mut tagged = connection.prepare_cached("INSERT INTO entry_tags (tag, entry) VALUES (?1, ?2)")?;
        for row in rows {
            if table.has_always(row)? {
                continue;
            }
            let values = row.iter().zip(table.columns).map(|(cell, column)| value(cell, *column));
            insert.execute(params_from_iter(values))?;
            if table.name == "entries" {
                let words = words_of(table, row)?;
                index::insert(connection, words.rowid, &words.text)?;
                for tag in words.tags {
                    tagged.execute((tag, words.rowid))?;
                }
            }
        }
        Ok(())
    }

    async fn finish(&mut self, last_token: i64) -> Result<(), StoreError> {
        file_locks::raise_token(self.connection()?, last_token)?;
        Ok(self.connection()?.execute_batch(
            "INSERT INTO idempotency_keys (key, fingerprint, at_ms, reply) \
             SELECT key, fingerprint, at_ms, reply FROM temp.copied_keys ORDER BY at_ms, key; \
             INSERT INTO entry_index (entry_index) VALUES ('optimize')",
        )?)
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        let connection = self.connection()?;
        connection.execute_batch("COMMIT")?;
        // The log has all of it, and nobody else writes it back before the next daemon does.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    async fn undo(&mut self) {
        // A closed connection gives its transaction up.
        self.connection = None;
    }
}
