//! Starts and ends sessions.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Id, ScopeLevel, ScopeRef, Session, SessionStatus},
};
use rusqlite::{Connection, OptionalExtension};

use super::{Applied, scope_changed};
use crate::store::{
    Change, StoreError,
    sqlite::{
        columns::{GLOBAL_KEY, SESSION, session_from_row, status_code},
        reads::sessions::by_id,
        scope_keys,
    },
};

pub(super) fn start(connection: &Connection, session: &Session) -> Applied {
    insert(connection, session)?;
    Ok((Response::Session(session.clone()), vec![scope_changed(ScopeRef::session(session.id))]))
}

/// Stores a new session.
pub(super) fn insert(connection: &Connection, session: &Session) -> Result<(), StoreError> {
    let project = match session.project_id {
        Some(id) => scope_keys::require_as(connection, &ScopeRef::project(id), "projectId")?,
        None => NO_PROJECT,
    };
    let parent = if project == NO_PROJECT { GLOBAL_KEY } else { project };
    let key = scope_keys::create(connection, ScopeLevel::Session, session.id, parent)?;
    connection
        .prepare_cached(
            "INSERT INTO sessions (scope, project, name, purpose, agent_id, status, metadata, started_at_ms, \
             ended_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            key,
            project,
            &session.name,
            &session.purpose,
            &session.agent_id,
            status_code(session.status),
            session.metadata.as_ref().map(|json| &json.0),
            session.started_at_ms,
            session.ended_at_ms,
        ))?;
    Ok(())
}

pub(super) fn end(connection: &Connection, id: Id, status: SessionStatus, at_ms: i64) -> Applied {
    let Some(mut session) = by_id(connection, id)? else {
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
    let key = scope_keys::require(connection, &scope)?;
    connection
        .prepare_cached("UPDATE sessions SET status = ?2, ended_at_ms = ?3 WHERE scope = ?1")?
        .execute((key, status_code(status), session.ended_at_ms))?;
    Ok((Response::Session(session), vec![Change { scope, scope_tree: false, event: None }]))
}

/// What stands in `sessions.project` for none.
const NO_PROJECT: i64 = 0;

/// The latest active session of the same project, agent and name.
pub(super) fn find_active(connection: &Connection, like: &Session) -> Result<Option<Session>, StoreError> {
    let project = match like.project_id {
        Some(id) => scope_keys::require_as(connection, &ScopeRef::project(id), "projectId")?,
        None => NO_PROJECT,
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {SESSION} FROM sessions n JOIN scopes s ON s.key = n.scope \
         LEFT JOIN scopes p ON p.key = n.project \
         WHERE n.project = ?1 AND n.status = ?2 AND n.agent_id IS ?3 AND n.name IS ?4 \
         ORDER BY n.started_at_ms DESC LIMIT 1"
    ))?;
    let active = status_code(SessionStatus::Active);
    let found = statement.query_row((project, active, &like.agent_id, &like.name), session_from_row);
    Ok(found.optional()?)
}
