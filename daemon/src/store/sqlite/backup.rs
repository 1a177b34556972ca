//! A copy of a live store, verified before anyone relies on it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::options::SqliteOptions;
use crate::store::StoreError;

/// All at once, within one read: a copy in steps begins anew whenever the writer commits between
/// two of them, and under load would never end.
const PAGES_PER_STEP: std::ffi::c_int = std::ffi::c_int::MAX;

/// Copies the store to `<data dir>/backups/<name>-<time>.db` and checks the copy.
///
/// # Errors
/// When it cannot be written, or the copy differs; it is removed then.
pub(super) fn create(
    source: &Connection,
    options: &SqliteOptions,
    name: &str,
    now_ms: i64,
) -> Result<PathBuf, StoreError> {
    let directory = options.backups();
    make_private_directory(&directory)?;
    let file = directory.join(format!("{name}-{}.db", stamp(now_ms)));
    copy(source, &file)?;
    if let Err(error) = verify(source, &file) {
        let _ = fs::remove_file(&file);
        return Err(error);
    }
    Ok(file)
}

/// Copies a live store into a new file.
///
/// # Errors
/// What SQLite says of either side.
pub(super) fn copy(source: &Connection, file: &Path) -> Result<(), StoreError> {
    let mut target = Connection::open(file)?;
    Backup::new(source, &mut target)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
    Ok(())
}

fn verify(source: &Connection, file: &Path) -> Result<(), StoreError> {
    let copy = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt(format!("the backup {} fails its check: {verdict}", file.display())));
    }
    let (expected, found) = (row_counts(source)?, row_counts(&copy)?);
    if expected != found {
        return Err(StoreError::Corrupt(format!(
            "the backup {} is not complete: {expected:?} rows became {found:?}",
            file.display()
        )));
    }
    Ok(())
}

fn row_counts(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'")?;
    let tables = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let count = |table: String| {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        Ok((table, connection.query_row(&sql, [], |row| row.get(0))?))
    };
    tables.into_iter().map(count).collect()
}

fn make_private_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| {
        StoreError::ReadOnly(format!("cannot make the backup directory {}: {error}", directory.display()))
    })
}

fn stamp(now_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(now_ms)
        .map_or_else(|_| now_ms.to_string(), |time| time.strftime("%Y%m%dT%H%M%S%3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_lost_rows_is_not_accepted() {
        let directory = tempfile::tempdir().unwrap();
        let source = Connection::open(directory.path().join("source.db")).unwrap();
        source.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)").unwrap();
        let file = directory.path().join("copy.db");
        copy(&source, &file).unwrap();
        verify(&source, &file).unwrap();
        Connection::open(&file).unwrap().execute("DELETE FROM t WHERE x = 1", []).unwrap();
        assert!(matches!(verify(&source, &file), Err(StoreError::Corrupt(_))));
    }
}
