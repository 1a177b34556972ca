//! The schema's history: forward only, each step embedded, numbered and checksummed. Of several
//! daemons that start at once one migrates, under an advisory lock, and the others wait. A schema
//! that is newer than this build is refused untouched.

use sha2::{Digest, Sha256};

use super::{connection::Connection, values::value};
use crate::{clock::Clock, store::StoreError};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) version: u32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
    /// What others have to wait for while it runs.
    pub(super) locks: &'static str,
}

/// Every step, oldest first, numbered from 1 without a gap.
pub(super) const ALL: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        sql: include_str!("../../../../migrations/postgres/0001_initial.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 2,
        name: "entries_by_scope",
        sql: include_str!("../../../../migrations/postgres/0002_entries_by_scope.sql"),
        locks: "writes of entries",
    },
    Migration {
        version: 3,
        name: "file_locks",
        sql: include_str!("../../../../migrations/postgres/0003_file_locks.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 4,
        name: "daemons",
        sql: include_str!("../../../../migrations/postgres/0004_daemons.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 5,
        name: "file_lock_waiters",
        sql: include_str!("../../../../migrations/postgres/0005_file_lock_waiters.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 6,
        name: "tasks",
        sql: include_str!("../../../../migrations/postgres/0006_tasks.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 7,
        name: "session_summaries",
        sql: include_str!("../../../../migrations/postgres/0007_session_summaries.sql"),
        locks: "sessions, for a moment",
    },
    Migration {
        version: 8,
        name: "scheduled_backups",
        sql: include_str!("../../../../migrations/postgres/0008_scheduled_backups.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 9,
        name: "relations",
        sql: include_str!("../../../../migrations/postgres/0009_relations.sql"),
        locks: "writes of entries and projects",
    },
    Migration {
        version: 10,
        name: "tags",
        sql: include_str!("../../../../migrations/postgres/0010_tags.sql"),
        locks: "writes of entries",
    },
    Migration {
        version: 11,
        name: "permissions",
        sql: include_str!("../../../../migrations/postgres/0011_permissions.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 12,
        name: "audit",
        sql: include_str!("../../../../migrations/postgres/0012_audit.sql"),
        locks: "nothing that exists",
    },
    Migration {
        version: 13,
        name: "agents",
        sql: include_str!("../../../../migrations/postgres/0013_agents.sql"),
        locks: "nothing that exists",
    },
];

/// Version of the newest step.
pub(super) fn newest() -> u32 {
    ALL.last().map_or(0, |migration| migration.version)
}

/// "agentmem" as a number: nobody else's lock, it is hoped.
const LOCK: i64 = 0x6167_656e_746d_656d;
const TABLE: &str = "CREATE TABLE schema_migrations (
    version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, locks text NOT NULL,
    applied_at_ms bigint NOT NULL
)";

/// Brings the schema up to date, or creates it; without `may_migrate` only checks it.
///
/// # Errors
/// `Refused` when the schema is newer, of another lineage, or has to be migrated by another role;
/// it is untouched then. What the server says, else.
pub(super) async fn migrate(
    connection: &Connection,
    clock: &Clock,
    migrations: &[Migration],
    may_migrate: bool,
) -> Result<u32, StoreError> {
    if pending(connection, migrations).await?.is_empty() {
        return Ok(0);
    }
    if !may_migrate {
        let last = migrations.last().map_or(0, |migration| migration.version);
        return Err(refused(format!(
            "the schema is older than version {last}, which this build needs, and AGENT_MEMORY_PG_MIGRATE is 0; \
             run `agent-memory db migrate` as the role that owns the schema"
        )));
    }
    // The lock is the transaction's, since a pooler may give the next one another connection.
    let result = migrate_alone(connection, clock, migrations).await;
    connection.rollback().await;
    result.map_err(|error| match error.to_string() {
        text if ["42501", "3F000"].iter().any(|state| text.contains(state)) => refused(format!(
            "the schema has to be migrated, and this role may not do it ({text}); \
             run `agent-memory db migrate` as the role that owns the schema"
        )),
        _ => error,
    })
}

async fn migrate_alone(
    connection: &Connection,
    clock: &Clock,
    migrations: &[Migration],
) -> Result<u32, StoreError> {
    connection
        .begin_with(
            "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning",
            "SELECT pg_advisory_xact_lock($1)",
            &[value(&LOCK)],
        )
        .await?;
    let pending = pending(connection, migrations).await?;
    if pending.first().is_some_and(|first| first.version == 1) {
        check_encoding(connection).await?;
        make_schema(connection).await?;
        connection.batch(TABLE).await?;
    }
    for migration in pending {
        tracing::info!(
            version = migration.version,
            name = migration.name,
            locks = migration.locks,
            "migrating the schema"
        );
        connection.batch(migration.sql).await?;
        let version = i32::try_from(migration.version).unwrap_or(i32::MAX);
        connection
            .rows(
                "INSERT INTO schema_migrations (version, name, checksum, locks, applied_at_ms) \
                 VALUES ($1, $2, $3, $4, $5)",
                &[
                    value(&version),
                    value(&migration.name),
                    value(&checksum(migration.sql)),
                    value(&migration.locks),
                    value(&clock.now_ms()),
                ],
            )
            .await?;
    }
    connection.commit_then_flush(None).await?;
    Ok(u32::try_from(pending.len()).unwrap_or(u32::MAX))
}

/// Since PostgreSQL 15 a role with every right of its database may create nothing in `public`: it gets a
/// schema of its own name then, which comes first in the usual search path.
async fn make_schema(connection: &Connection) -> Result<(), StoreError> {
    const IS_NEEDED: &str = "SELECT NOT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) \
        AND has_database_privilege(current_database(), 'CREATE') \
        AND to_regnamespace(quote_ident(current_user)) IS NULL \
        AND current_setting('search_path') LIKE '%\"$user\"%'";
    let row = connection.row(IS_NEEDED, &[]).await?;
    if row.is_some_and(|row| row.get(0)) {
        tracing::info!("the role may not create tables in the schema public; it gets a schema of its own");
        connection.batch("CREATE SCHEMA AUTHORIZATION CURRENT_USER").await?;
    }
    Ok(())
}

/// What cannot be stored must not be found out one text after the other.
async fn check_encoding(connection: &Connection) -> Result<(), StoreError> {
    let row = connection.row("SELECT current_setting('server_encoding')", &[]).await?;
    match row.map(|row| row.get::<_, String>(0)) {
        Some(encoding) if encoding != "UTF8" => Err(refused(format!(
            "the encoding of the database is {encoding}, which cannot hold every text; \
             create it with ENCODING 'UTF8' TEMPLATE template0"
        ))),
        _ => Ok(()),
    }
}

/// The steps that the schema lacks, after checking that it is one of ours and not newer.
pub(super) async fn pending<'a>(
    connection: &Connection,
    migrations: &'a [Migration],
) -> Result<&'a [Migration], StoreError> {
    // A query of the catalogue, since `to_regclass` may answer from before a lock was waited for.
    const HISTORY: &str = "SELECT has_table_privilege(oid, 'SELECT'), \
         format('GRANT SELECT ON TABLE %s TO %I', oid::regclass, current_user) \
         FROM pg_class WHERE relname = 'schema_migrations' AND pg_table_is_visible(oid)";
    let Some(history) = connection.row(HISTORY, &[]).await? else {
        return Ok(migrations);
    };
    if !history.get::<_, bool>(0) {
        let grant: String = history.get(1);
        return Err(StoreError::Unavailable(format!("the role lacks rights; run as the owner: {grant};")));
    }
    let rows = connection
        .rows("SELECT version, name, checksum FROM schema_migrations ORDER BY version", &[])
        .await?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    if let Some(newer) = rows.last().map(version).filter(|version| *version > known) {
        return Err(refused(format!(
            "the database has schema {newer}, and this build knows only {known}; nothing was changed. \
             Start a build at least as new as the one that migrated it"
        )));
    }
    for (row, migration) in rows.iter().zip(migrations) {
        let (name, recorded): (String, String) = (row.get(1), row.get(2));
        if version(row) != migration.version || recorded != checksum(migration.sql) {
            return Err(refused(format!(
                "migration {} ({name}) of the database is not the one this build has ({} {}): it was made by \
                 another lineage of the program; nothing was changed",
                version(row),
                migration.version,
                migration.name
            )));
        }
    }
    Ok(migrations.get(rows.len()..).unwrap_or_default())
}

fn version(row: &tokio_postgres::Row) -> u32 {
    u32::try_from(row.get::<_, i32>(0)).unwrap_or(0)
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Trying again will not help: somebody has to do something.
fn refused(text: String) -> StoreError {
    StoreError::refused(
        agent_memory_proto::ErrorBody::new(agent_memory_proto::ErrorCode::Database, text)
            .with_suggestion("Nothing was changed"),
    )
}
