//! The statements of locks of files.

use std::sync::LazyLock;

use agent_memory_proto::model::{FileLock, Id, ScopeLevel, SessionStatus};
use uuid::Uuid;

use super::transaction::PgTransaction;
use crate::store::{
    LockClaim, StoreError,
    columns::{level_code, status_code},
    postgres::{
        columns::{LOCK, code, get, lock_from_row, text_key, uuid},
        file_locks::{FIND, LEAVE, path_lock_from_row},
        payload::FREED_CHANNEL,
        values::value,
    },
    rules::{PathLock, Step, lock_end},
};

/// Locks a path until the end of the transaction. Rows come and go, so they cannot be what is locked.
pub(super) const LOCK_PATH: &str = "SELECT pg_advisory_xact_lock($1)";

/// The number that stands for a path in the server's table of advisory locks. Two paths of one number
/// wait for each other, and that is all.
pub(super) fn path_number(path: &str) -> i64 {
    let (head, _) = text_key(path).as_u64_pair();
    head.cast_signed()
}

pub(super) async fn find(rows: &PgTransaction<'_>, path: &str) -> Step<PathLock> {
    rows.rows(LOCK_PATH, &[value(&path_number(path))]).await?;
    // A statement of its own: it sees what was committed until the lock was had.
    let row = rows.row(&FIND, &[value(&text_key(path))]).await?;
    row.as_ref().map(path_lock_from_row).transpose()?.ok_or_else(nothing)
}

pub(super) async fn session_goes_on(rows: &PgTransaction<'_>, id: Id) -> Step<Option<bool>> {
    const SQL: &str = "SELECT n.status FROM scopes s JOIN sessions n ON n.scope = s.key \
                       WHERE s.level = $1 AND s.id = $2 FOR SHARE OF n";
    let level = code(level_code(ScopeLevel::Session));
    let row = rows.row(SQL, &[value(&level), value(&uuid(id))]).await?;
    let Some(row) = row else { return Ok(None) };
    let status: i16 = get(&row, 0)?;
    let goes_on = [SessionStatus::Active, SessionStatus::Paused].map(|status| code(status_code(status)));
    Ok(Some(goes_on.contains(&status)))
}

pub(super) async fn grant(rows: &PgTransaction<'_>, claim: &LockClaim, now_ms: i64) -> Step<FileLock> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "INSERT INTO file_locks AS l (path_key, path, id, agent_id, session, project, reason, metadata, \
             acquired_at_ms, expires_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (path_key) DO UPDATE SET id = excluded.id, token = excluded.token, \
             agent_id = excluded.agent_id, session = excluded.session, project = excluded.project, \
             reason = excluded.reason, metadata = excluded.metadata, acquired_at_ms = excluded.acquired_at_ms, \
             expires_at_ms = excluded.expires_at_ms RETURNING {LOCK}"
        )
    });
    let (session, project) = (claim.owner.session_id.map(uuid), claim.project_id.map(uuid));
    let metadata = claim.metadata.as_ref().map(|json| json.0.as_str());
    let (key, id, end) = (text_key(&claim.path), uuid(claim.id), lock_end(now_ms, claim.ttl_ms));
    let values = [
        value(&key),
        value(&claim.path),
        value(&id),
        value(&claim.owner.agent_id),
        value(&session),
        value(&project),
        value(&claim.reason),
        value(&metadata),
        value(&now_ms),
        value(&end),
    ];
    let granted = rows.row(&SQL, &values).await?.as_ref().map(lock_from_row).transpose()?;
    if let Some(ticket) = &claim.ticket {
        rows.rows(LEAVE, &[value(&key), value(ticket)]).await?;
    }
    granted.ok_or_else(nothing)
}

pub(super) async fn renew(rows: &PgTransaction<'_>, lock: &FileLock) -> Step<()> {
    const SQL: &str = "UPDATE file_locks SET project = $2, reason = $3, metadata = $4, expires_at_ms = $5 \
                       WHERE path_key = $1";
    let metadata = lock.metadata.as_ref().map(|json| json.0.as_str());
    let (key, project) = (text_key(&lock.path), lock.project_id.map(uuid));
    let values =
        [value(&key), value(&project), value(&lock.reason), value(&metadata), value(&lock.expires_at_ms)];
    rows.rows(SQL, &values).await.map(drop)
}

pub(super) async fn remove(rows: &PgTransaction<'_>, path: &str) -> Step<()> {
    const SQL: &str = "DELETE FROM file_locks WHERE path_key = $1 RETURNING pg_notify($2, $3)";
    rows.rows(SQL, &[value(&text_key(path)), value(&FREED_CHANNEL), value(&path)]).await.map(drop)
}

pub(super) async fn remove_of_sessions(rows: &PgTransaction<'_>, sessions: &[Id]) -> Step<()> {
    // The same notification is sent once in a transaction.
    const SQL: &str = "DELETE FROM file_locks WHERE session = ANY ($1) RETURNING pg_notify($2, '')";
    let sessions: Vec<Uuid> = sessions.iter().copied().map(uuid).collect();
    rows.rows(SQL, &[value(&sessions), value(&FREED_CHANNEL)]).await.map(drop)
}

fn nothing() -> StoreError {
    StoreError::Other("the server answered a lock with no row".to_owned())
}
