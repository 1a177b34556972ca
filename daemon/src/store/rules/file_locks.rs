//! Locks of files: who gets one, who may end it, and what the others are told.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    model::{FileLock, ScopeRef},
    response::{CheckedIn, CheckedOut},
};

use super::{
    Applied, scopes,
    transaction::{Step, WriteTransaction},
};
use crate::store::{LockClaim, LockOwner, StoreError};

/// When it may be worth to ask again for a file that goes to others first.
const LOOK_AGAIN_MS: u64 = 100;

pub(super) async fn checkout(rows: &impl WriteTransaction, claim: &LockClaim, at_ms: i64) -> Applied {
    scopes::require_if_any(rows, claim.project_id.map(ScopeRef::project), "projectId").await?;
    require_session(rows, &claim.owner).await?;
    let found = rows.path_lock(&claim.path, at_ms).await?;
    let held = found.lock.filter(|lock| lock.expires_at_ms > found.now_ms);
    let (lock, renewed) = match held {
        None if found.first_ticket.is_some_and(|first| claim.ticket.is_none_or(|own| first < own)) => {
            return Err(StoreError::refused(goes_to_others(&claim.path)));
        }
        None => (rows.grant_lock(claim, found.now_ms).await?, false),
        Some(held) if claim.owner.holds(&held) => {
            let lock = renewed(held, claim, found.now_ms);
            rows.renew_lock(&lock).await?;
            (lock, true)
        }
        Some(held) => return Err(StoreError::refused(taken(&held, found.now_ms))),
    };
    Ok((Response::CheckedOut(Box::new(CheckedOut { lock, renewed, waited_ms: 0 })), Vec::new()))
}

/// Without an owner it is ended whoever holds it.
pub(super) async fn checkin(
    rows: &impl WriteTransaction,
    path: &str,
    owner: Option<&LockOwner>,
    token: Option<u64>,
    at_ms: i64,
) -> Applied {
    let found = rows.path_lock(path, at_ms).await?;
    let held = found.lock.filter(|lock| lock.expires_at_ms > found.now_ms);
    let Some(lock) = held else { return Err(StoreError::refused(not_locked(path))) };
    if let Some(owner) = owner {
        if !owner.holds(&lock) {
            let body = taken(&lock, found.now_ms);
            return Err(StoreError::refused(body.with_suggestion(
                "Only its owner can check it in: the same agent in the same session. An administrator can \
                 unlock it by force",
            )));
        }
        if token.is_some_and(|token| token != lock.token) {
            return Err(StoreError::refused(another_token(&lock, token.unwrap_or_default())));
        }
    }
    rows.remove_lock(path).await?;
    Ok((Response::CheckedIn(Box::new(CheckedIn { lock, forced: owner.is_none() })), Vec::new()))
}

async fn require_session(rows: &impl WriteTransaction, owner: &LockOwner) -> Step<()> {
    let Some(id) = owner.session_id else { return Ok(()) };
    match rows.session_goes_on(id).await? {
        Some(true) => Ok(()),
        Some(false) => Err(StoreError::refused(
            ErrorBody::new(ErrorCode::Conflict, format!("the session {id} has ended"))
                .with_field("sessionId")
                .with_value(id)
                .with_suggestion("A lock ends with its session; start a session, or take this one up again"),
        )),
        None => Err(StoreError::refused(
            ErrorBody::not_found("session", id)
                .with_field("sessionId")
                .with_suggestion("Start the session first, or list those that exist"),
        )),
    }
}

/// The lock with a later end. It never ends sooner than it would have.
fn renewed(held: FileLock, claim: &LockClaim, now_ms: i64) -> FileLock {
    FileLock {
        project_id: claim.project_id.or(held.project_id),
        reason: claim.reason.clone().or(held.reason),
        metadata: claim.metadata.clone().or(held.metadata),
        expires_at_ms: held.expires_at_ms.max(end(now_ms, claim.ttl_ms)),
        ..held
    }
}

/// When a lock of that length ends.
pub(in crate::store) fn end(now_ms: i64, ttl_ms: u64) -> i64 {
    now_ms.saturating_add(i64::try_from(ttl_ms).unwrap_or(i64::MAX))
}

/// Names the owner, the age, the end and the reason.
pub(crate) fn taken(lock: &FileLock, now_ms: i64) -> ErrorBody {
    let session = lock.session_id.map_or_else(String::new, |id| format!(" (session {id})"));
    let reason = lock.reason.as_ref().map_or_else(String::new, |reason| format!("; reason: {reason:?}"));
    let (age_ms, left_ms) = (now_ms - lock.acquired_at_ms, lock.expires_at_ms - now_ms);
    let body = ErrorBody::new(
        ErrorCode::FileLocked,
        format!(
            "{:?} is checked out by agent {:?}{session} since {} s and for {} s more, if it is not renewed{reason}",
            lock.path,
            lock.agent_id,
            age_ms.max(0) / 1_000,
            (left_ms.max(0) + 999) / 1_000,
        ),
    );
    body.with_field("file_path")
        .with_value(&lock.path)
        .with_suggestion("Work on another file, or check it out with a time to wait")
        .with_retry_after_ms(u64::try_from(left_ms).unwrap_or(0))
}

/// Others came first, who wait for the file.
pub(crate) fn goes_to_others(path: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::FileLocked, format!("{path:?} goes to those who wait for it"))
        .with_field("file_path")
        .with_value(path)
        .with_suggestion("Check it out with a time to wait, and stand in line")
        .with_retry_after_ms(LOOK_AGAIN_MS)
}

fn not_locked(path: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::NotFound, format!("{path:?} is not checked out"))
        .with_field("file_path")
        .with_value(path)
        .with_suggestion(
            "Its lock expired, ended with its session or was ended by force: somebody else may have had the file \
             since",
        )
}

fn another_token(lock: &FileLock, token: u64) -> ErrorBody {
    ErrorBody::new(
        ErrorCode::Conflict,
        format!("{:?} is checked out under the token {}, not {token}", lock.path, lock.token),
    )
    .with_field("token")
    .with_value(token)
    .with_suggestion(
        "The lock of that token ended, and this one came later: somebody else may have had the file",
    )
}
