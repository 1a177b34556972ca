//! What the tables of a backup hold: their rows, and a checksum of each. Every table counts, also those that
//! could be made anew, so that nothing in a file changes unseen.

use std::collections::BTreeMap;

use rusqlite::{Connection, types::ValueRef};
use sha2::{Digest, Sha256};

use crate::store::StoreError;

/// The tables that a backup has beside those of the store.
pub(super) const OWN_TABLES: [&str; 2] = ["backup_about", "backup_tables"];

/// Rows and checksum of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableSum {
    pub(super) rows: u64,
    pub(super) checksum: [u8; 32],
}

/// How many rows each table has.
///
/// # Errors
/// What SQLite says.
pub(super) fn row_counts(connection: &Connection) -> Result<BTreeMap<String, u64>, StoreError> {
    of_tables(connection, |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        Ok(connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    })
}

/// Rows and checksum of each table.
///
/// # Errors
/// What SQLite says.
pub(super) fn sums(connection: &Connection) -> Result<BTreeMap<String, TableSum>, StoreError> {
    of_tables(connection, |table| sum(connection, table))
}

fn of_tables<T>(
    connection: &Connection,
    look: impl Fn(&str) -> Result<T, StoreError>,
) -> Result<BTreeMap<String, T>, StoreError> {
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'")?;
    let tables = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let of_store = tables.into_iter().filter(|table| !OWN_TABLES.contains(&table.as_str()));
    of_store.map(|table| Ok((table.clone(), look(&quoted(&table))?))).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Over the rows as the table has them, in the order of their keys: `NOT INDEXED` leaves no choice.
fn sum(connection: &Connection, table: &str) -> Result<TableSum, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} NOT INDEXED"))?;
    let columns = statement.column_count();
    let (mut rows, mut hash) = (0, Sha256::new());
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        rows += 1;
        for column in 0..columns {
            add(&mut hash, row.get_ref(column)?);
        }
    }
    Ok(TableSum { rows, checksum: hash.finalize().into() })
}

/// With its kind and its length, so that no two rows look the same.
fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => hash.update([0]),
        ValueRef::Integer(number) => {
            hash.update([1]);
            hash.update(number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            hash.update([2]);
            hash.update(number.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            hash.update([if matches!(value, ValueRef::Text(_)) { 3 } else { 4 }]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
}
