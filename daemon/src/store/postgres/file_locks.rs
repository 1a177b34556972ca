//! Reads locks of files, and keeps house among them. They are judged by the clock of the server, which
//! is one for all daemons.

use std::sync::LazyLock;

use agent_memory_proto::{request::ListFileLocks, response::FileLockPage};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{LOCK, LOCK_COUNT, get, lock_from_row, text_key, uuid},
    connection::Connection,
    values::{NOW, value},
};
use crate::store::{
    HeldLock, LockStore, StoreError, StoreFuture,
    answers::pages::cut,
    rules::{PathLock, Step},
};

/// How long it is believed that somebody waits who does not say so again.
const BELIEVED_MS: i64 = 2_000;
/// Rows forgotten in one turn of the housekeeping.
const PURGE_ROWS: i64 = 500;
/// How long a lock is kept after its end: nobody waits for the housekeeping.
const KEPT_MS: i64 = 60 * 60 * 1_000;

/// The lock of a path, the time that it is judged by, and the first ticket: one row, whether there is a lock or not.
pub(super) static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LOCK}, t.now_ms, (SELECT min(w.ticket) FROM file_lock_waiters w \
             WHERE w.path_key = $1 AND w.until_ms > t.now_ms) \
         FROM (SELECT {NOW} AS now_ms) t LEFT JOIN file_locks l ON l.path_key = $1"
    )
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LOCK} FROM file_locks l WHERE l.expires_at_ms > (SELECT {NOW}) \
         AND ($1 IS NULL OR l.project = $1) AND ($2 IS NULL OR l.agent_id = $2) \
         AND ($3 IS NULL OR l.session = $3) ORDER BY l.path, l.path_key LIMIT $4 OFFSET $5"
    )
});

impl LockStore for PostgresStore {
    fn file_lock(&self, path: String, _: i64) -> StoreFuture<'_, Option<HeldLock>> {
        Box::pin(async move {
            let row = self.lease().await?.row(&FIND, &[value(&text_key(&path))]).await?;
            let Some(found) = row.as_ref().map(path_lock_from_row).transpose()? else { return Ok(None) };
            let held = found.lock.filter(|lock| lock.expires_at_ms > found.now_ms);
            Ok(held.map(|lock| HeldLock {
                left_ms: u64::try_from(lock.expires_at_ms - found.now_ms).unwrap_or(0),
                lock,
            }))
        })
    }

    fn file_locks(&self, request: ListFileLocks, _: i64) -> StoreFuture<'_, FileLockPage> {
        Box::pin(async move {
            let (project, session) = (request.project_id.map(uuid), request.session_id.map(uuid));
            let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
            let values =
                [value(&project), value(&request.agent_id), value(&session), value(&wanted), value(&offset)];
            let rows = self.lease().await?.rows(&PAGE, &values).await?;
            let locks = rows.iter().map(lock_from_row).collect::<Result<_, _>>()?;
            let (locks, has_more) = cut(locks, request.limit);
            Ok(FileLockPage { locks, has_more })
        })
    }

    fn ticket(&self) -> StoreFuture<'_, Option<i64>> {
        const SQL: &str = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
        Box::pin(async move {
            let row = self.lease().await?.row(SQL, &[]).await?;
            row.as_ref().map(|row| get(row, 0)).transpose()
        })
    }

    fn stand_in_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        static STAND: LazyLock<String> = LazyLock::new(|| {
            format!(
                "INSERT INTO file_lock_waiters (path_key, ticket, until_ms) SELECT $1, $2, {NOW} + $3 \
                 ON CONFLICT (path_key, ticket) DO UPDATE SET until_ms = excluded.until_ms"
            )
        });
        Box::pin(async move {
            let key = text_key(&path);
            let values = [value(&key), value(&ticket), value(&BELIEVED_MS)];
            self.lease().await?.write(&STAND, &values).await.map(drop)
        })
    }

    fn leave_line(&self, path: String, ticket: i64) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let key = text_key(&path);
            let values = [value(&key), value(&ticket)];
            self.lease().await?.write(LEAVE, &values).await.map(drop)
        })
    }
}

/// Who had a ticket waits no more.
pub(super) const LEAVE: &str = "DELETE FROM file_lock_waiters WHERE path_key = $1 AND ticket = $2";

/// Reads a row of [`FIND`].
pub(super) fn path_lock_from_row(row: &Row) -> Step<PathLock> {
    let is_there = get::<Option<String>>(row, 1)?.is_some();
    let lock = if is_there { Some(lock_from_row(row)?) } else { None };
    Ok(PathLock { lock, now_ms: get(row, LOCK_COUNT)?, first_ticket: get(row, LOCK_COUNT + 1)? })
}

/// Forgets those who have not said for long that they wait.
pub(super) async fn forget_waiters(connection: &Connection) -> Result<(), StoreError> {
    static FORGET: LazyLock<String> =
        LazyLock::new(|| format!("DELETE FROM file_lock_waiters WHERE until_ms < (SELECT {NOW}) - $1"));
    connection.write(&FORGET, &[value(&KEPT_MS)]).await.map(drop)
}

/// Forgets some of the locks that are long past their time; true when there may be more.
pub(super) async fn purge(connection: &Connection) -> Result<bool, StoreError> {
    static PURGE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "DELETE FROM file_locks WHERE ctid = ANY (ARRAY(\
             SELECT ctid FROM file_locks WHERE expires_at_ms < (SELECT {NOW}) - $1 LIMIT $2 \
             FOR UPDATE SKIP LOCKED)) RETURNING 1"
        )
    });
    let removed = connection.write(&PURGE, &[value(&KEPT_MS), value(&PURGE_ROWS)]).await?;
    Ok(i64::try_from(removed.len()).is_ok_and(|removed| removed >= PURGE_ROWS))
}
