//! Locks of files, as rows. They are judged by the daemon's clock: there is one daemon.

use agent_memory_proto::{
    model::{FileLock, Id},
    request::ListFileLocks,
    response::FileLockPage,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SqliteStore,
    columns::{LOCK, lock_from_row},
};
use crate::store::{
    HeldLock, LockClaim, LockStore, StoreError, StoreFuture, answers::pages::cut, rules::lock_end,
};

/// Rows forgotten in one turn of the housekeeping.
const PURGE_ROWS: i64 = 500;
/// How long a lock is kept after its end: nobody waits for the housekeeping.
const KEPT_MS: i64 = 60 * 60 * 1_000;

impl LockStore for SqliteStore {
    fn file_lock(&self, path: String, now_ms: i64) -> StoreFuture<'_, Option<HeldLock>> {
        Box::pin(self.readers.run_short(move |reader| {
            let found = reader.read(|connection| find(connection, &path))?;
            Ok(found.filter(|lock| lock.expires_at_ms > now_ms).map(|lock| HeldLock {
                left_ms: u64::try_from(lock.expires_at_ms - now_ms).unwrap_or(0),
                lock,
            }))
        }))
    }

    fn file_locks(&self, request: ListFileLocks, now_ms: i64) -> StoreFuture<'_, FileLockPage> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|c| page(c, &request, now_ms))))
    }
}

/// The lock of a path, held or past its time.
pub(super) fn find(connection: &Connection, path: &str) -> Result<Option<FileLock>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {LOCK} FROM file_locks l WHERE l.path = ?1"))?;
    Ok(statement.query_row([path], lock_from_row).optional()?)
}

fn page(connection: &Connection, request: &ListFileLocks, now_ms: i64) -> Result<FileLockPage, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {LOCK} FROM file_locks l WHERE l.expires_at_ms > ?1 AND (?2 IS NULL OR l.project = ?2) \
         AND (?3 IS NULL OR l.agent_id = ?3) AND (?4 IS NULL OR l.session = ?4) \
         ORDER BY l.path LIMIT ?5 OFFSET ?6"
    ))?;
    let rows = statement.query_map(
        params![
            now_ms,
            request.project_id.map(|id| id.0),
            request.agent_id,
            request.session_id.map(|id| id.0),
            i64::from(request.limit) + 1,
            request.offset
        ],
        lock_from_row,
    )?;
    let (locks, has_more) = cut(rows.collect::<Result<_, _>>()?, request.limit);
    Ok(FileLockPage { locks, has_more })
}

/// Every lock, held or past its time.
pub(super) fn all(connection: &Connection) -> Result<Vec<FileLock>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT {LOCK} FROM file_locks l"))?;
    Ok(statement.query_map([], lock_from_row)?.collect::<Result<_, _>>()?)
}

pub(super) fn grant(connection: &Connection, claim: &LockClaim, now_ms: i64) -> Result<FileLock, StoreError> {
    let token: i64 = connection
        .prepare_cached("UPDATE fencing SET last = last + 1 WHERE id = 1 RETURNING last")?
        .query_row([], |row| row.get(0))?;
    let lock = FileLock {
        id: claim.id,
        path: claim.path.clone(),
        agent_id: claim.owner.agent_id.clone(),
        session_id: claim.owner.session_id,
        project_id: claim.project_id,
        reason: claim.reason.clone(),
        metadata: claim.metadata.clone(),
        token: token.cast_unsigned(),
        acquired_at_ms: now_ms,
        expires_at_ms: lock_end(now_ms, claim.ttl_ms),
    };
    put(connection, &lock)?;
    Ok(lock)
}

/// Stores a lock in the place of any other on its path.
pub(super) fn put(connection: &Connection, lock: &FileLock) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO file_locks (path, id, token, agent_id, session, project, reason, metadata, \
             acquired_at_ms, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            lock.path,
            lock.id.0,
            lock.token.cast_signed(),
            lock.agent_id,
            lock.session_id.map(|id| id.0),
            lock.project_id.map(|id| id.0),
            lock.reason,
            lock.metadata.as_ref().map(|json| &json.0),
            lock.acquired_at_ms,
            lock.expires_at_ms
        ])?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, path: &str) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM file_locks WHERE path = ?1")?.execute([path])?;
    Ok(())
}

pub(super) fn remove_of_sessions(connection: &Connection, sessions: &[Id]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("DELETE FROM file_locks WHERE session = ?1")?;
    for session in sessions {
        statement.execute([session.0])?;
    }
    Ok(())
}

/// Forgets some of the locks that are long past their time; true when there may be more.
pub(super) fn purge(connection: &Connection, now_ms: i64) -> Result<bool, StoreError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM file_locks WHERE path IN \
             (SELECT path FROM file_locks WHERE expires_at_ms < ?1 LIMIT ?2)",
        )?
        .execute((now_ms - KEPT_MS, PURGE_ROWS))?;
    Ok(i64::try_from(removed).is_ok_and(|removed| removed >= PURGE_ROWS))
}

/// The fencing token that was given out last; 0 when none was.
pub(super) fn last_token(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT last FROM fencing WHERE id = 1", [], |row| row.get(0))?)
}

/// No token up to this one is given out from now on.
pub(super) fn raise_token(connection: &Connection, last: i64) -> Result<(), StoreError> {
    connection.execute("UPDATE fencing SET last = max(last, ?1) WHERE id = 1", [last])?;
    Ok(())
}
