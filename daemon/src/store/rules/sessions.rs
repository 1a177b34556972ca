//! Starts and ends sessions.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Id, ScopeLevel, ScopeRef, Session, SessionStatus},
};

use super::{
    Applied,
    reports::scope_changed,
    scopes,
    transaction::{GLOBAL_KEY, NO_KEY, Step, WriteTransaction},
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

pub(super) async fn end(rows: &impl WriteTransaction, id: Id, status: SessionStatus, at_ms: i64) -> Applied {
    rows.lock_scopes().await?;
    let Some(mut session) = rows.session(id).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("session", id)
                .with_field("id")
                .with_suggestion("List the sessions to find the id"),
        ));
    };
    if session.status == status {
        return Ok((Response::Session(session), Vec::new()));
    }
    session.status = status;
    session.ended_at_ms = match status {
        SessionStatus::Active | SessionStatus::Paused => None,
        SessionStatus::Completed | SessionStatus::Discarded => Some(at_ms),
    };
    let scope = ScopeRef::session(id);
    let key = scopes::require(rows, &scope, "id").await?;
    rows.set_session_status(key, status, session.ended_at_ms).await?;
    if session.ended_at_ms.is_some() {
        // After the status: whoever locks a file for the session sees that it ended, or is seen here.
        rows.remove_locks_of_sessions(&[id]).await?;
    }
    Ok((Response::Session(session), vec![Change { scope, scope_tree: false, event: None }]))
}

/// The latest active session of the same project, agent and name.
pub(super) async fn find_active(rows: &impl WriteTransaction, like: &Session) -> Step<Option<Session>> {
    let project = project_key(rows, like).await?;
    rows.active_session(like, project).await
}

async fn project_key(rows: &impl WriteTransaction, session: &Session) -> Step<i64> {
    scopes::require_if_any(rows, session.project_id.map(ScopeRef::project), "projectId").await
}
