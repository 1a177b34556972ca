//! The schema's history: forward only, each step embedded, numbered and checksummed. A store that
//! is newer than this build is refused untouched; an existing store is backed up before a step.

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use super::{backup, connection, options::SqliteOptions};
use crate::{clock::Clock, store::StoreError};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) version: u32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../../migrations/sqlite/", $file)),
        }
    };
}

/// Every step, oldest first, numbered from 1 without a gap.
pub(super) const ALL: &[Migration] = &[
    migration!(1, "initial", "0001_initial.sql"),
    migration!(2, "file_locks", "0002_file_locks.sql"),
    migration!(3, "tasks", "0003_tasks.sql"),
    migration!(4, "session_summaries", "0004_session_summaries.sql"),
    migration!(5, "relations", "0005_relations.sql"),
    migration!(6, "tags", "0006_tags.sql"),
    migration!(7, "permissions", "0007_permissions.sql"),
    migration!(8, "audit", "0008_audit.sql"),
    migration!(9, "agents", "0009_agents.sql"),
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at_ms INTEGER NOT NULL
) STRICT";

/// Brings the store up to date, or creates it.
///
/// # Errors
/// `Unavailable` when the store is newer, of another lineage, or no store at all; it is untouched
/// then. What the file system or SQLite says, else.
pub(super) fn migrate(
    options: &SqliteOptions,
    clock: &Clock,
    migrations: &[Migration],
) -> Result<(), StoreError> {
    let applied = inspect(options, migrations)?;
    let pending = migrations.get(applied..).unwrap_or_default();
    let Some(last) = pending.last() else { return Ok(()) };
    let mut writer = connection::open_writer(options)?;
    if applied > 0 {
        let name = format!("before-migration-{applied}-to-{}", last.version);
        let file = backup::before_migration(&writer, options, &name, clock.now_ms(), migrations)?;
        tracing::info!(file = %file.display(), "backed up and verified the store before its migration");
    }
    writer.execute_batch(TABLE)?;
    for migration in pending {
        let transaction = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES (?1, ?2, ?3, ?4)",
            (migration.version, migration.name, checksum(migration.sql), clock.now_ms()),
        )?;
        transaction.commit()?;
        tracing::info!(version = migration.version, name = migration.name, "migrated the store");
    }
    Ok(())
}

/// The version of the schema; zero when there is no store.
///
/// # Errors
/// As [`migrate`].
pub(super) fn version(options: &SqliteOptions) -> Result<u32, StoreError> {
    let applied = inspect(options, ALL)?;
    Ok(applied.checked_sub(1).map_or(0, |last| ALL[last].version))
}

/// How many of the migrations an existing store has, after checking that it is one of ours and not
/// newer. Opens it for reading only.
fn inspect(options: &SqliteOptions, migrations: &[Migration]) -> Result<usize, StoreError> {
    let path = options.database();
    if super::options::file_bytes(&path) == 0 {
        return Ok(0);
    }
    connection::set_up_library()?;
    let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.busy_timeout(options.busy_timeout)?;
    applied_in(&reader, &path.display().to_string(), migrations)
}

/// The version of the schema of an open store.
///
/// # Errors
/// As [`migrate`].
pub(super) fn version_of(
    reader: &Connection,
    place: &str,
    migrations: &[Migration],
) -> Result<u32, StoreError> {
    let applied = applied_in(reader, place, migrations)?;
    let last = applied.checked_sub(1).and_then(|last| migrations.get(last));
    last.map(|last| last.version).ok_or_else(|| {
        StoreError::Unavailable(format!("{place} is not a store of agent-memory: it is empty"))
    })
}

fn applied_in(reader: &Connection, path: &str, migrations: &[Migration]) -> Result<usize, StoreError> {
    let has_history: bool = reader.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        let foreign: Option<String> = reader
            .query_row("SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 1", [], |row| row.get(0))
            .optional()?;
        return match foreign {
            None => Ok(0),
            Some(table) => Err(StoreError::Unavailable(format!(
                "{path} is not a store of agent-memory (it has a table {table:?} and no schema_migrations); \
                 choose another data directory"
            ))),
        };
    }
    check(reader, path, migrations)
}

fn check(reader: &Connection, path: &str, migrations: &[Migration]) -> Result<usize, StoreError> {
    let mut statement =
        reader.prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version")?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    if let Some((version, ..)) = rows.last().filter(|(version, ..)| *version > known) {
        return Err(StoreError::Unavailable(format!(
            "{path} has schema {version}, and this build knows only {known}; nothing was changed. \
             Start a build at least as new as the one that wrote it"
        )));
    }
    for ((version, name, recorded), migration) in rows.iter().zip(migrations) {
        if *version != migration.version || *recorded != checksum(migration.sql) {
            return Err(StoreError::Unavailable(format!(
                "migration {version} ({name}) of {path} is not the one this build has ({} {}): the store was \
                 made by another lineage of the program; nothing was changed",
                migration.version, migration.name
            )));
        }
    }
    Ok(rows.len())
}

/// The newest schema that this build knows.
pub(super) fn newest() -> u32 {
    ALL.last().map_or(0, |migration| migration.version)
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Migration =
        Migration { version: 2, name: "second", sql: "CREATE TABLE later (x INTEGER NOT NULL) STRICT;" };

    fn with_second() -> Vec<Migration> {
        ALL.iter().take(1).copied().chain([SECOND]).collect()
    }

    fn store() -> (tempfile::TempDir, SqliteOptions, Clock) {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(directory.path());
        (directory, options, Clock::manual(1_750_000_000_000))
    }

    fn backups(options: &SqliteOptions) -> Vec<std::path::PathBuf> {
        let Ok(entries) = std::fs::read_dir(options.backups()) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn versions_have_no_gap() {
        for (index, migration) in ALL.iter().enumerate() {
            assert_eq!(usize::try_from(migration.version).unwrap(), index + 1);
        }
    }

    #[test]
    fn a_new_store_is_migrated_once_and_needs_no_backup() {
        let (_directory, options, clock) = store();
        migrate(&options, &clock, ALL).unwrap();
        migrate(&options, &clock, ALL).unwrap();
        assert_eq!(inspect(&options, ALL), Ok(ALL.len()));
        assert_eq!(backups(&options), Vec::<std::path::PathBuf>::new());
    }

    #[test]
    fn an_older_store_is_backed_up_before_it_is_migrated() {
        let (_directory, options, clock) = store();
        migrate(&options, &clock, &with_second()[..1]).unwrap();
        connection::open_writer(&options).unwrap().execute("UPDATE canary SET value = 7", []).unwrap();
        migrate(&options, &clock, &with_second()).unwrap();
        let backups = backups(&options);
        let [backup] = backups.as_slice() else { panic!("{backups:?}") };
        assert!(backup.to_string_lossy().contains("before-migration-1-to-2"), "{backup:?}");
        let copy = Connection::open(backup).unwrap();
        let value: i64 = copy.query_row("SELECT value FROM canary", [], |row| row.get(0)).unwrap();
        assert_eq!(value, 7);
        let later: bool = copy
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'later'", [], |row| row.get(0))
            .unwrap();
        assert!(!later, "the backup was made before the migration");
    }

    #[test]
    fn a_newer_store_is_refused_untouched() {
        let (_directory, options, clock) = store();
        migrate(&options, &clock, &with_second()).unwrap();
        let before = std::fs::read(options.database()).unwrap();
        let refused = migrate(&options, &clock, &with_second()[..1]).unwrap_err();
        assert!(refused.to_string().contains("has schema 2"), "{refused}");
        assert_eq!(std::fs::read(options.database()).unwrap(), before);
    }

    #[test]
    fn another_lineage_is_refused() {
        let (_directory, options, clock) = store();
        migrate(&options, &clock, &with_second()).unwrap();
        let mut changed = with_second();
        changed[1].sql = "CREATE TABLE other (x INTEGER) STRICT;";
        let refused = migrate(&options, &clock, &changed).unwrap_err();
        assert!(refused.to_string().contains("migration 2 (second)"), "{refused}");
    }

    #[test]
    fn a_database_of_something_else_is_refused() {
        let (_directory, options, clock) = store();
        Connection::open(options.database()).unwrap().execute_batch("CREATE TABLE wp_posts (x)").unwrap();
        let refused = migrate(&options, &clock, ALL).unwrap_err();
        assert!(refused.to_string().contains("wp_posts"), "{refused}");
    }

    #[test]
    fn a_migration_that_fails_leaves_the_store_as_it_was() {
        let (_directory, options, clock) = store();
        migrate(&options, &clock, &with_second()[..1]).unwrap();
        let mut broken = with_second();
        broken[1].sql = "CREATE TABLE half (x INTEGER); CREATE TABLE half (x INTEGER);";
        migrate(&options, &clock, &broken).unwrap_err();
        assert_eq!(inspect(&options, &with_second()), Ok(1));
        migrate(&options, &clock, &with_second()).unwrap();
    }
}
