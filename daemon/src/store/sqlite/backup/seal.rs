//! A copy becomes a backup: it is checked from end to end, and gets its checksums and a mark that tells it
//! from other files. A backup is checked the same way before it is used.

use std::path::Path;

use agent_memory_proto::{ErrorBody, ErrorCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{
    super::{
        connection,
        migrations::{self, Migration},
        options::SqliteOptions,
    },
    checksums::{self, OWN_TABLES, TableSum},
};
use crate::{clock::Clock, store::StoreError};

/// The application id of a backup, in its head: `AMbk`.
const MARK: i32 = 0x414d_626b;
/// Where SQLite keeps it.
const MARK_AT: usize = 68;
/// As much of a file as tells a backup from others.
pub(crate) const HEAD_BYTES: usize = MARK_AT + 4;
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) schema_version: u32,
    pub(crate) rows: u64,
    pub(crate) has_checksums: bool,
}

/// Whether a file that begins like this was made as a backup.
pub(crate) fn is_ours(head: &[u8; HEAD_BYTES]) -> bool {
    head.starts_with(MAGIC) && head[MARK_AT..] == MARK.to_be_bytes()
}

/// Checks a copy and makes a backup of it: one file, which says what it holds.
///
/// # Errors
/// `Corrupt` when it is damaged; what SQLite says.
pub(crate) fn seal(file: &Path, at_ms: i64) -> Result<Sealed, StoreError> {
    seal_as(file, at_ms, migrations::ALL)
}

/// As [`seal`], of a store of these migrations.
pub(super) fn seal_as(file: &Path, at_ms: i64, known: &[Migration]) -> Result<Sealed, StoreError> {
    let mut connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // A store of its own has a log beside it; a backup is one file.
    let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    if mode != "delete" {
        return Err(StoreError::Other(format!("the copy keeps its journal mode {mode}")));
    }
    check_sound(&connection)?;
    let schema_version = migrations::version_of(&connection, &file.display().to_string(), known)?;
    let sums = checksums::sums(&connection)?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!(
        "CREATE TABLE backup_about (id INTEGER PRIMARY KEY CHECK (id = 1), at_ms INTEGER NOT NULL, made_by TEXT NOT NULL) STRICT;
         CREATE TABLE backup_tables (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 BLOB NOT NULL) STRICT;
         PRAGMA application_id = {MARK};"
    ))?;
    transaction.execute(
        "INSERT INTO backup_about (id, at_ms, made_by) VALUES (1, ?1, ?2)",
        (at_ms, agent_memory_proto::BUILD),
    )?;
    for (table, sum) in &sums {
        transaction.execute(
            "INSERT INTO backup_tables (name, rows, sha256) VALUES (?1, ?2, ?3)",
            (table, sum.rows.cast_signed(), &sum.checksum[..]),
        )?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(Sealed { schema_version, rows: sums.values().map(|sum| sum.rows).sum(), has_checksums: true })
}

/// Checks a backup from end to end, and changes nothing, not even beside it.
///
/// # Errors
/// `Refused` when it is damaged, none of ours, or newer than this build.
pub(crate) fn examine(file: &Path, filename: &str) -> Result<Sealed, StoreError> {
    connection::set_up_library()?;
    // The directory is the operator's and may be a link; the file may not.
    let parent = file.parent().map(Path::canonicalize).transpose();
    let parent = parent.map_err(|error| StoreError::of_file_system("cannot find the backup", &error))?;
    let file = parent.unwrap_or_default().join(file.file_name().unwrap_or_default());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let examined = Connection::open_with_flags(immutable(&file), flags)
        .map_err(StoreError::from)
        .and_then(|connection| examine_open(&connection, filename));
    examined.map_err(|error| match error {
        StoreError::Corrupt(text) => damaged(filename, &text),
        StoreError::Unavailable(text) => StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, text).with_field("filename").with_value(filename),
        ),
        other => other,
    })
}

fn examine_open(connection: &Connection, filename: &str) -> Result<Sealed, StoreError> {
    check_sound(connection)?;
    let schema_version = migrations::version_of(connection, filename, migrations::ALL)?;
    let sums = checksums::sums(connection)?;
    let has_checksums = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'backup_tables'", [], |_| Ok(()))
        .optional()?
        .is_some();
    if has_checksums {
        let mut statement = connection.prepare("SELECT name, rows, sha256 FROM backup_tables")?;
        let written = statement.query_map([], |row| {
            let sum = TableSum { rows: row.get::<_, i64>(1)?.unsigned_abs(), checksum: row.get(2)? };
            Ok((row.get::<_, String>(0)?, sum))
        })?;
        let written = written.collect::<Result<_, _>>()?;
        if sums != written {
            let differs = |table: &&String| sums.get(*table) != written.get(*table);
            let different: Vec<&String> = written.keys().chain(sums.keys()).filter(differs).collect();
            return Err(StoreError::Corrupt(format!(
                "the rows of {different:?} are not those that were written"
            )));
        }
    }
    Ok(Sealed { schema_version, rows: sums.values().map(|sum| sum.rows).sum(), has_checksums })
}

/// Makes a store of this build's schema out of a copy of a backup that was examined.
///
/// # Errors
/// What SQLite and the migrations say.
pub(crate) fn prepare(directory: &Path, clock: &Clock) -> Result<(), StoreError> {
    let options = SqliteOptions::new(directory);
    let connection = Connection::open_with_flags(options.database(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    for table in OWN_TABLES {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
    }
    connection.execute_batch("PRAGMA application_id = 0")?;
    connection.close().map_err(|(_, error)| error)?;
    migrations::migrate(&options, clock, migrations::ALL)
}

/// Pages, indexes, full-text index and references.
fn check_sound(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt(format!("the copy fails its check: {verdict}")));
    }
    let dangling: Option<String> =
        connection.query_row("PRAGMA foreign_key_check", [], |row| row.get(0)).optional()?;
    match dangling {
        None => Ok(()),
        Some(table) => {
            Err(StoreError::Corrupt(format!("the copy fails its check: {table} refers to what is not there")))
        }
    }
}

fn damaged(filename: &str, text: &str) -> StoreError {
    let error = ErrorBody::new(ErrorCode::Database, format!("the backup {filename} is damaged: {text}"));
    StoreError::refused(
        error
            .with_field("filename")
            .with_value(filename)
            .with_suggestion("Nothing was changed; take another backup (agent-memory backup list)"),
    )
}

/// The name of a file that nobody changes: SQLite makes neither locks nor a log beside it.
fn immutable(file: &Path) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    format!("file:{}?immutable=1", percent_encode(file.as_os_str().as_encoded_bytes(), KEPT))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A sealed copy of a new store of the first so many migrations.
    fn sealed(migrations: &[Migration]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(directory.path());
        migrations::migrate(&options, &Clock::manual(1), migrations).unwrap();
        let live = Connection::open(options.database()).unwrap();
        live.execute("UPDATE canary SET value = 7", []).unwrap();
        let file = directory.path().join("copy # of? a%20store.db");
        super::super::copy(&live, &file).unwrap();
        seal_as(&file, 5, migrations).unwrap();
        (directory, file)
    }

    fn refusal(file: &Path) -> ErrorBody {
        match examine(file, "copy.db") {
            Err(StoreError::Refused(body)) => *body,
            other => panic!("{other:?}"),
        }
    }

    fn change(file: &Path, sql: &str) {
        Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    #[test]
    fn a_sealed_copy_is_one_file_that_passes_its_check() {
        let (directory, file) = sealed(migrations::ALL);
        let found = examine(&file, "copy.db").unwrap();
        assert_eq!((found.schema_version, found.has_checksums), (migrations::newest(), true));
        assert!(found.rows > 2, "{found:?}");
        let head = std::fs::read(&file).unwrap()[..HEAD_BYTES].try_into().unwrap();
        assert!(is_ours(&head));
        let beside = std::fs::read_dir(directory.path()).unwrap().flatten().map(|entry| entry.file_name());
        let beside: Vec<_> = beside.filter(|name| name.to_string_lossy().starts_with("copy")).collect();
        assert_eq!(beside.len(), 1, "no log stands beside it: {beside:?}");
    }

    #[test]
    fn what_changed_after_it_was_sealed_is_found() {
        let (_directory, file) = sealed(migrations::ALL);
        change(&file, "UPDATE canary SET value = 8");
        let refused = refusal(&file);
        assert!(refused.message.contains("canary") && refused.message.contains("damaged"), "{refused}");
        let (_directory, file) = sealed(migrations::ALL);
        change(
            &file,
            "PRAGMA foreign_keys = OFF; INSERT INTO orgs (scope, name, created_at_ms) VALUES (99, 'x', 1)",
        );
        assert!(refusal(&file).message.contains("orgs refers to what is not there"));
        let (_directory, file) = sealed(migrations::ALL);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::write(&file, &bytes[..bytes.len() - 4_096]).unwrap();
        assert_eq!(refusal(&file).code, ErrorCode::Database);
        std::fs::write(
            &file,
            "no store at all, but long enough to have a head of a hundred bytes and some more ".repeat(9),
        )
        .unwrap();
        assert!(refusal(&file).message.contains("damaged"));
    }

    #[test]
    fn a_newer_or_foreign_store_is_refused() {
        let (_directory, file) = sealed(migrations::ALL);
        change(&file, "INSERT INTO schema_migrations VALUES (999, 'later', 'x', 1)");
        let refused = refusal(&file);
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::Conflict, Some("filename")));
        assert!(refused.message.contains("has schema 999, and this build knows only"), "{refused}");
        let directory = tempfile::tempdir().unwrap();
        let foreign = directory.path().join("foreign.db");
        change(&foreign, "CREATE TABLE theirs (x)");
        assert!(refusal(&foreign).message.contains("is not a store of agent-memory"));
    }

    #[test]
    fn an_older_backup_becomes_a_store_of_this_build() {
        let (directory, file) = sealed(&migrations::ALL[..1]);
        assert_eq!(examine(&file, "copy.db").unwrap().schema_version, 1);
        let options = SqliteOptions::new(directory.path());
        std::fs::remove_file(options.wal()).ok();
        std::fs::rename(&file, options.database()).unwrap();
        prepare(directory.path(), &Clock::manual(2)).unwrap();
        assert_eq!(migrations::version(&options), Ok(migrations::newest()));
        let store = Connection::open(options.database()).unwrap();
        let (value, mark): (i64, i64) = (
            store.query_row("SELECT value FROM canary", [], |row| row.get(0)).unwrap(),
            store.query_row("PRAGMA application_id", [], |row| row.get(0)).unwrap(),
        );
        assert_eq!((value, mark), (7, 0));
    }
}
