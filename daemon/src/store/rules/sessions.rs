//! Starts and ends sessions; those that were abandoned end by themselves.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Id, ScopeLevel, ScopeRef, Session, SessionReport, SessionStatus},
    response::SessionReportPage,
};

use super::{
    Applied,
    reports::scope_changed,
    scopes,
    transaction::{GLOBAL_KEY, NO_KEY, SessionState, Step, WriteTransaction},
};
use crate::store::{Change, StoreError};

pub(super) async fn start(rows: &impl WriteTransaction, session: &Session) -> Applied {
    rows.lock_scopes().await?;
    insert(rows, session).await?;
    Ok((Response::Session(session.clone()), vec![scope_changed(ScopeRef::session(session.id))]))
}

/// Stores a new session.
pub(super) async fn insert(rows: &impl WriteTransaction, session: &Session) -> Step<()> {
    let project = project_key(rows, session).await?;
    let parent = if project == NO_KEY { GLOBAL_KEY } else { project };
    let key = scopes::create(rows, ScopeLevel::Session, session.id, parent).await?;
    rows.insert_session(key, project, session).await
}

/// The answer has what the session came to when `summary` is given; what it has inside is stored.
pub(super) async fn end(
    rows: &impl WriteTransaction,
    id: Id,
    status: SessionStatus,
    summary: Option<&Option<String>>,
    at_ms: i64,
) -> Applied {
    rows.lock_scopes().await?;
    let Some(mut session) = rows.session(id).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("session", id)
                .with_field("id")
                .with_suggestion("List the sessions to find the id"),
        ));
    };
    let new_summary = summary.and_then(Option::as_deref);
    if session.status == status && summary.is_none() {
        return Ok((Response::Session(session), Vec::new()));
    }
    if session.status != status {
        session.status = status;
        session.ended_at_ms = ended_at(status, at_ms);
    }
    let (summary_now, changes) = set_status(rows, &session, new_summary, at_ms).await?;
    let reply = match summary {
        None => Response::Session(session),
        Some(_) => Response::SessionReport(Box::new(SessionReport { session, summary: summary_now })),
    };
    Ok((reply, changes))
}

const fn ended_at(status: SessionStatus, at_ms: i64) -> Option<i64> {
    match status {
        SessionStatus::Active | SessionStatus::Paused => None,
        SessionStatus::Completed | SessionStatus::Discarded => Some(at_ms),
    }
}

/// Stores how a session stands. Its locks end with it. Returns what it came to.
async fn set_status(
    rows: &impl WriteTransaction,
    session: &Session,
    summary: Option<&str>,
    at_ms: i64,
) -> Step<(Option<String>, Vec<Change>)> {
    let scope = ScopeRef::session(session.id);
    let key = scopes::require(rows, &scope, "id").await?;
    let active_at_ms = (session.status == SessionStatus::Active).then_some(at_ms);
    let state =
        SessionState { status: session.status, ended_at_ms: session.ended_at_ms, summary, active_at_ms };
    let summary = rows.set_session_state(key, &state).await?;
    if session.ended_at_ms.is_some() {
        // After the status: whoever locks a file for the session sees that it ended, or is seen here.
        rows.remove_locks_of_sessions(&[session.id]).await?;
    }
    Ok((summary, vec![Change::of_content(scope, None)]))
}

/// What is said of a session that ended by itself, unless somebody had said what it came to.
const ABANDONED: &str = "Ended by itself: nothing had happened in it for a long time.";

/// Ends sessions in which nothing has happened since `before_ms`. What they stored is of use, so they are
/// completed, not discarded; whoever comes back takes one up again.
pub(super) async fn end_abandoned(
    rows: &impl WriteTransaction,
    before_ms: i64,
    limit: u32,
    at_ms: i64,
) -> Applied {
    rows.lock_scopes().await?;
    let found = rows.abandoned_sessions(before_ms, at_ms, limit).await?;
    let has_more = u32::try_from(found.len()).is_ok_and(|found| found >= limit);
    let (mut sessions, mut changes) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    for report in found {
        let session =
            Session { status: SessionStatus::Completed, ended_at_ms: Some(at_ms), ..report.session };
        let summary = if report.summary.is_none() { Some(ABANDONED) } else { None };
        let (summary, changed) = set_status(rows, &session, summary, at_ms).await?;
        changes.extend(changed);
        sessions.push(SessionReport { session, summary });
    }
    Ok((Response::SessionReports(SessionReportPage { sessions, has_more }), changes))
}

/// Takes note that somebody took an active session up.
pub(super) async fn touch(rows: &impl WriteTransaction, session: &Session, at_ms: i64) -> Step<()> {
    set_status(rows, session, None, at_ms).await.map(drop)
}

/// The latest active session of the same project, agent and name.
pub(super) async fn find_active(rows: &impl WriteTransaction, like: &Session) -> Step<Option<Session>> {
    let project = project_key(rows, like).await?;
    rows.active_session(like, project).await
}

async fn project_key(rows: &impl WriteTransaction, session: &Session) -> Step<i64> {
    scopes::require_if_any(rows, session.project_id.map(ScopeRef::project), "projectId").await
}
