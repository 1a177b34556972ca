//! Copying a whole store to another backend: every table, row by row, from one snapshot into an empty
//! store in one transaction, which is committed only when both sides have the same rows.

mod digest;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

use self::digest::TableDigest;
pub use self::digest::{TableReport, TableSum};
pub(in crate::store) use self::{
    tables::{Cell, Column, ColumnKind, Row, TABLES, Table, column},
    words::words_of,
};
use super::StoreError;

/// A store that can be read from beginning to end, in one snapshot.
pub(crate) trait Source {
    /// Where it is, for people.
    fn place(&self) -> String;
    /// Rows of a table.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;
    /// Hands out the rows of a table in the order of its key, some at a time.
    async fn read(&mut self, table: &Table, sink: &mut impl Sink) -> Result<(), StoreError>;
    /// The fencing token that was given out last; 0 when none was.
    async fn last_token(&mut self) -> Result<i64, StoreError>;
}

/// A store that a copy goes into. Nothing is there for others before it is committed.
pub(crate) trait Target: Source {
    /// Makes the schema, if it is not there, and begins the transaction.
    async fn begin(&mut self) -> Result<(), StoreError>;
    /// Stores rows of a table, with the words of entries.
    async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError>;
    /// Does what is to be done once all rows are there. No fencing token up to `last_token` is given out
    /// from then on.
    async fn finish(&mut self, last_token: i64) -> Result<(), StoreError>;
    /// Makes it durable.
    async fn commit(&mut self) -> Result<(), StoreError>;
    /// Leaves the store as it was.
    async fn undo(&mut self);
}

/// Takes rows.
pub(crate) trait Sink {
    /// Takes some rows.
    async fn take(&mut self, rows: Vec<Row>) -> Result<(), StoreError>;
}

/// Rows that are handed out together at most.
pub(in crate::store) const BATCH_ROWS: usize = 500;
/// Bytes after which rows are handed out, however few they are.
pub(in crate::store) const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// What goes on, for people who wait for it.
pub trait Progress {
    /// A step begins that has so many rows to do.
    fn begin(&mut self, step: &str, rows: u64);
    /// So many rows of it were done.
    fn advance(&mut self, rows: u64);
}

/// Nobody waits for it.
pub(crate) struct Unseen;

impl Progress for Unseen {
    fn begin(&mut self, _: &str, _: u64) {}
    fn advance(&mut self, _: u64) {}
}

/// What was copied, or found.
#[derive(Clone, Debug)]
pub struct CopyReport {
    /// Where it came from.
    pub from: String,
    /// Where it went.
    pub to: String,
    /// Both sides of each table.
    pub tables: Vec<TableReport>,
}

impl CopyReport {
    /// Whether both sides have the same rows.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(TableReport::is_same)
    }

    /// Whether there is nothing on the side that the copy goes to.
    #[must_use]
    pub fn is_target_empty(&self) -> bool {
        self.tables.iter().all(|table| table.to.is_none_or(|to| to.rows == table.rows_of_new_store))
    }
}

/// Copies everything. The target is as it was before when this fails.
///
/// # Errors
/// `Refused` when the target is not empty; what either side says; `Corrupt` when the sides differ in the
/// end.
pub(crate) async fn copy(
    source: &mut impl Source,
    target: &mut impl Target,
    progress: &mut dyn Progress,
) -> Result<CopyReport, StoreError> {
    target.begin().await?;
    let copied = copy_all(source, target, progress).await;
    match &copied {
        Ok(report) if report.is_same() => target.commit().await?,
        _ => target.undo().await,
    }
    copied
}

/// Copies everything within a transaction that has begun, and compares both sides.
///
/// # Errors
/// As [`copy`].
pub(in crate::store) async fn copy_all(
    source: &mut impl Source,
    target: &mut impl Target,
    progress: &mut dyn Progress,
) -> Result<CopyReport, StoreError> {
    refuse_unless_empty(target).await?;
    let mut from = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        progress.begin(&format!("copying {}", table.name), source.count(table).await?);
        let mut copying = Copying { table, target, digest: TableDigest::default(), progress };
        source.read(table, &mut copying).await?;
        from.push(copying.digest);
    }
    progress.begin("finishing", 0);
    target.finish(source.last_token().await?).await?;
    let mut tables = Vec::with_capacity(TABLES.len());
    for (table, from) in TABLES.iter().zip(from) {
        let to = digest(target, table, "verifying", progress).await?;
        tables.push(TableReport::new(table, from, Some(to)));
    }
    Ok(CopyReport { from: source.place(), to: target.place(), tables })
}

/// Counts and checks both sides, and writes nothing. Without a target, none is there yet.
///
/// # Errors
/// What either side says.
pub(crate) async fn compare(
    source: &mut impl Source,
    mut target: Option<&mut impl Source>,
    to: String,
    progress: &mut dyn Progress,
) -> Result<CopyReport, StoreError> {
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let from = digest(source, table, "reading", progress).await?;
        let to = match target.as_deref_mut() {
            Some(target) => Some(digest(target, table, "comparing", progress).await?),
            None => None,
        };
        tables.push(TableReport::new(table, from, to));
    }
    Ok(CopyReport { from: source.place(), to, tables })
}

async fn digest(
    source: &mut impl Source,
    table: &Table,
    doing: &str,
    progress: &mut dyn Progress,
) -> Result<TableDigest, StoreError> {
    progress.begin(&format!("{doing} {}", table.name), source.count(table).await?);
    let mut reading = Reading { table, digest: TableDigest::default(), progress };
    source.read(table, &mut reading).await?;
    Ok(reading.digest)
}

async fn refuse_unless_empty(target: &mut impl Target) -> Result<(), StoreError> {
    let mut there = Vec::new();
    for table in TABLES {
        let rows = target.count(table).await?;
        if rows > table.rows_of_new_store {
            there.push(format!("{rows} in {}", table.name));
        }
    }
    if there.is_empty() {
        return Ok(());
    }
    let body = agent_memory_proto::ErrorBody::new(
        agent_memory_proto::ErrorCode::Conflict,
        format!("{} is not empty: it has {}", target.place(), there.join(", ")),
    );
    Err(StoreError::refused(body.with_suggestion("Copy into an empty store; nothing was changed")))
}

struct Copying<'a, T> {
    table: &'a Table,
    target: &'a mut T,
    digest: TableDigest,
    progress: &'a mut dyn Progress,
}

impl<T: Target> Sink for Copying<'_, T> {
    async fn take(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        self.digest.add(self.table, &rows);
        self.target.insert(self.table, &rows).await?;
        self.progress.advance(rows.len() as u64);
        Ok(())
    }
}

struct Reading<'a> {
    table: &'a Table,
    digest: TableDigest,
    progress: &'a mut dyn Progress,
}

impl Sink for Reading<'_> {
    async fn take(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        self.digest.add(self.table, &rows);
        self.progress.advance(rows.len() as u64);
        Ok(())
    }
}

impl fmt::Display for CopyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from {}\nto   {}\n", self.from, self.to)?;
        writeln!(f, "{:<18} {:>10} {:<18} {:>10} {:<18}", "table", "rows", "checksum", "rows", "checksum")?;
        for table in &self.tables {
            writeln!(f, "{table}")?;
        }
        Ok(())
    }
}
