//! The rows of organisations, projects and sessions.

use agent_memory_proto::model::{Id, Org, Project, ScopeRef, Session, SessionReport, SessionStatus};
use rusqlite::{Connection, OptionalExtension};

use crate::store::{
    StoreError,
    columns::is_abandoned,
    rules::SessionState,
    sqlite::columns::{SESSION, id_from, scope_from, session_from_row, session_report_from_row, status_code},
};

pub(super) fn org_named(connection: &Connection, name: &str) -> Result<Option<Id>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT s.id FROM orgs o JOIN scopes s ON s.key = o.scope WHERE o.name = ?1")?;
    Ok(statement.query_row([name], |row| id_from(row, 0)).optional()?)
}

pub(super) fn insert_org(connection: &Connection, key: i64, org: &Org) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO orgs (scope, name, metadata, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute((key, &org.name, org.metadata.as_ref().map(|json| &json.0), org.created_at_ms))?;
    Ok(())
}

pub(super) fn insert_project(
    connection: &Connection,
    key: i64,
    org: i64,
    project: &Project,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO projects (scope, org, name, description, root_path, metadata, created_at_ms, \
             updated_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            key,
            org,
            &project.name,
            &project.description,
            &project.root_path,
            project.metadata.as_ref().map(|json| &json.0),
            project.created_at_ms,
            project.updated_at_ms,
        ))?;
    Ok(())
}

pub(super) fn update_project(
    connection: &Connection,
    key: i64,
    org: i64,
    project: &Project,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE projects SET org = ?2, name = ?3, description = ?4, root_path = ?5, metadata = ?6, \
             updated_at_ms = ?7 WHERE scope = ?1",
        )?
        .execute((
            key,
            org,
            &project.name,
            &project.description,
            &project.root_path,
            project.metadata.as_ref().map(|json| &json.0),
            project.updated_at_ms,
        ))?;
    Ok(())
}

/// The keys of the project `?1` and of its sessions.
macro_rules! in_project {
    ($statement:literal) => {
        concat!($statement, " IN (SELECT key FROM scopes WHERE key = ?1 OR parent = ?1)")
    };
}

/// One statement for each table: row by row, the full-text index would be written out once for
/// every entry.
const REMOVE_WHAT_IS_IN_IT: [&str; 5] = [
    concat!(
        "DELETE FROM entry_tags WHERE entry IN (",
        in_project!("SELECT rowid FROM entries WHERE scope"),
        ")"
    ),
    concat!(
        "DELETE FROM entry_index WHERE rowid IN (",
        in_project!("SELECT rowid FROM entries WHERE scope"),
        ")"
    ),
    in_project!("DELETE FROM entries WHERE scope"),
    in_project!("DELETE FROM tasks WHERE scope"),
    in_project!("DELETE FROM permissions WHERE scope"),
];

/// Removes a project with everything in it, and returns its sessions.
pub(super) fn remove_project(connection: &Connection, key: i64) -> Result<Vec<ScopeRef>, StoreError> {
    for statement in REMOVE_WHAT_IS_IN_IT {
        connection.prepare_cached(statement)?.execute([key])?;
    }
    let mut removed = Vec::new();
    for (session_key, session) in sessions_in(connection, key)? {
        connection.prepare_cached("DELETE FROM sessions WHERE scope = ?1")?.execute([session_key])?;
        remove_scope(connection, session_key)?;
        removed.push(session);
    }
    connection.prepare_cached("DELETE FROM projects WHERE scope = ?1")?.execute([key])?;
    remove_scope(connection, key)?;
    Ok(removed)
}

fn sessions_in(connection: &Connection, project_key: i64) -> Result<Vec<(i64, ScopeRef)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT key, level, id FROM scopes WHERE parent = ?1")?;
    let rows = statement.query_map([project_key], |row| Ok((row.get(0)?, scope_from(row, 1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove_scope(connection: &Connection, key: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM scopes WHERE key = ?1")?.execute([key])?;
    Ok(())
}

pub(super) fn active_session(
    connection: &Connection,
    like: &Session,
    project: i64,
) -> Result<Option<Session>, StoreError> {
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

pub(super) fn insert_session(
    connection: &Connection,
    key: i64,
    project: i64,
    session: &Session,
) -> Result<(), StoreError> {
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

pub(super) fn set_session_state(
    connection: &Connection,
    key: i64,
    state: &SessionState<'_>,
) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE sessions SET status = ?2, ended_at_ms = ?3, summary = coalesce(?4, summary), \
         active_at_ms = coalesce(?5, active_at_ms) WHERE scope = ?1 RETURNING summary",
    )?;
    let values = (key, status_code(state.status), state.ended_at_ms, state.summary, state.active_at_ms);
    Ok(statement.query_row(values, |row| row.get(0)).optional()?.flatten())
}

pub(super) fn abandoned_sessions(
    connection: &Connection,
    before_ms: i64,
    at_ms: i64,
    limit: u32,
) -> Result<Vec<SessionReport>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {SESSION} FROM sessions n JOIN scopes s ON s.key = n.scope LEFT JOIN scopes p ON p.key = n.project \
         WHERE {} ORDER BY n.started_at_ms, n.scope LIMIT ?3",
        is_abandoned('?')
    ))?;
    let rows = statement.query_map((before_ms, at_ms, limit), session_report_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
