//! The statements of organisations, projects and sessions.

use agent_memory_proto::model::{
    Id, Org, Project, ScopeLevel, ScopeRef, Session, SessionReport, SessionStatus,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::transaction::PgTransaction;
use crate::store::{
    columns::{is_abandoned, level_code, status_code},
    postgres::{
        columns::{
            PROJECT, SESSION, code, get, id_from, project_from_row, scope_from, scope_uuid, session_from_row,
            session_report_from_row, text_key, uuid,
        },
        values::{Value, value},
    },
    rules::{SessionState, Step},
};

/// "agentscp" as a number: the lock of whoever changes organisations, projects or sessions.
const LOCK: i64 = 0x6167_656e_7473_6370;

pub(super) async fn lock(rows: &PgTransaction<'_>) -> Step<()> {
    rows.rows("SELECT pg_advisory_xact_lock($1)", &[value(&LOCK)]).await?;
    Ok(())
}

pub(super) async fn key(rows: &PgTransaction<'_>, scope: &ScopeRef) -> Step<Option<i64>> {
    let (level, id) = (code(level_code(scope.level)), scope_uuid(scope));
    let sql = "SELECT key FROM scopes WHERE level = $1 AND id = $2";
    first(rows.row(sql, &[value(&level), value(&id)]).await?)
}

pub(super) async fn insert_scope(
    rows: &PgTransaction<'_>,
    level: ScopeLevel,
    id: Id,
    parent: i64,
) -> Step<Option<i64>> {
    let sql = "INSERT INTO scopes (level, id, parent) VALUES ($1, $2, $3) \
               ON CONFLICT (level, id) DO NOTHING RETURNING key";
    first(rows.row(sql, &[value(&code(level_code(level))), value(&uuid(id)), value(&parent)]).await?)
}

fn first(row: Option<Row>) -> Step<Option<i64>> {
    row.map(|row| get(&row, 0)).transpose()
}

pub(super) async fn move_scope(rows: &PgTransaction<'_>, key: i64, parent: i64) -> Step<()> {
    let sql = "UPDATE scopes SET parent = $2 WHERE key = $1";
    rows.rows(sql, &[value(&key), value(&parent)]).await?;
    Ok(())
}

pub(super) async fn org_named(rows: &PgTransaction<'_>, name: &str) -> Step<Option<Id>> {
    let sql = "SELECT s.id FROM orgs o JOIN scopes s ON s.key = o.scope WHERE o.name = $1";
    rows.row(sql, &[value(&name)]).await?.map(|row| id_from(&row, 0)).transpose()
}

pub(super) async fn insert_org(rows: &PgTransaction<'_>, key: i64, org: &Org) -> Step<()> {
    let sql = "INSERT INTO orgs (scope, name, metadata, created_at_ms) VALUES ($1, $2, $3, $4)";
    let metadata = org.metadata.as_ref().map(|json| json.0.as_str());
    rows.rows(sql, &[value(&key), value(&org.name), value(&metadata), value(&org.created_at_ms)]).await?;
    Ok(())
}

/// The project that a condition on `p` and `s` holds for.
async fn project_where(
    rows: &PgTransaction<'_>,
    condition: &str,
    values: &[Value<'_>],
) -> Step<Option<Project>> {
    let sql = format!(
        "SELECT {PROJECT} FROM projects p JOIN scopes s ON s.key = p.scope \
         LEFT JOIN scopes o ON o.key = p.org WHERE {condition}"
    );
    rows.row(&sql, values).await?.as_ref().map(project_from_row).transpose()
}

pub(super) async fn project(rows: &PgTransaction<'_>, id: Id) -> Step<Option<Project>> {
    let level = code(level_code(ScopeLevel::Project));
    project_where(rows, "s.level = $1 AND s.id = $2", &[value(&level), value(&uuid(id))]).await
}

pub(super) async fn project_at(rows: &PgTransaction<'_>, root_path: &str) -> Step<Option<Project>> {
    project_where(rows, "p.root_path_key = $1", &[value(&text_key(root_path))]).await
}

pub(super) async fn project_named(rows: &PgTransaction<'_>, name: &str, org: i64) -> Step<Option<Project>> {
    project_where(rows, "p.name = $1 AND p.org = $2", &[value(&name), value(&org)]).await
}

/// The columns of a project that can be changed, with the key of its directory.
struct ProjectColumns<'a> {
    metadata: Option<&'a str>,
    root_path_key: Option<Uuid>,
}

impl<'a> ProjectColumns<'a> {
    fn of(project: &'a Project) -> Self {
        Self {
            metadata: project.metadata.as_ref().map(|json| json.0.as_str()),
            root_path_key: project.root_path.as_deref().map(text_key),
        }
    }
}

pub(super) async fn insert_project(
    rows: &PgTransaction<'_>,
    key: i64,
    org: i64,
    project: &Project,
) -> Step<()> {
    let sql = "INSERT INTO projects (scope, org, name, description, root_path, root_path_key, metadata, \
               created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let columns = ProjectColumns::of(project);
    rows.rows(
        sql,
        &[
            value(&key),
            value(&org),
            value(&project.name),
            value(&project.description),
            value(&project.root_path),
            value(&columns.root_path_key),
            value(&columns.metadata),
            value(&project.created_at_ms),
            value(&project.updated_at_ms),
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn update_project(
    rows: &PgTransaction<'_>,
    key: i64,
    org: i64,
    project: &Project,
) -> Step<()> {
    let sql = "UPDATE projects SET org = $2, name = $3, description = $4, root_path = $5, \
               root_path_key = $6, metadata = $7, updated_at_ms = $8 WHERE scope = $1";
    let columns = ProjectColumns::of(project);
    rows.rows(
        sql,
        &[
            value(&key),
            value(&org),
            value(&project.name),
            value(&project.description),
            value(&project.root_path),
            value(&columns.root_path_key),
            value(&columns.metadata),
            value(&project.updated_at_ms),
        ],
    )
    .await?;
    Ok(())
}

/// Removes a project with everything in it, and returns its sessions.
pub(super) async fn remove_project(rows: &PgTransaction<'_>, key: i64) -> Step<Vec<ScopeRef>> {
    // First of all nobody can add to these scopes any more: what was added until then is seen, and
    // what comes later finds no scope.
    let sql = "SELECT key, level, id FROM scopes WHERE key = $1 OR parent = $1 ORDER BY key FOR UPDATE";
    let found = rows.rows(sql, &[value(&key)]).await?;
    let mut keys = Vec::with_capacity(found.len());
    let mut sessions = Vec::with_capacity(found.len());
    for row in &found {
        keys.push(get::<i64>(row, 0)?);
        let scope = scope_from(row, 1)?;
        if scope.level == ScopeLevel::Session {
            sessions.push(scope);
        }
    }
    for sql in [
        "DELETE FROM entries WHERE scope = ANY ($1)",
        "DELETE FROM tasks WHERE scope = ANY ($1)",
        "DELETE FROM permissions WHERE scope = ANY ($1)",
        "DELETE FROM sessions WHERE scope = ANY ($1)",
        "DELETE FROM projects WHERE scope = ANY ($1)",
        "DELETE FROM scopes WHERE key = ANY ($1)",
    ] {
        rows.rows(sql, &[value(&keys)]).await?;
    }
    Ok(sessions)
}

/// The session that a condition on `n` and `s` holds for.
async fn session_where(
    rows: &PgTransaction<'_>,
    condition: &str,
    values: &[Value<'_>],
) -> Step<Option<Session>> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions n JOIN scopes s ON s.key = n.scope \
         LEFT JOIN scopes p ON p.key = n.project WHERE {condition}"
    );
    rows.row(&sql, values).await?.as_ref().map(session_from_row).transpose()
}

pub(super) async fn session(rows: &PgTransaction<'_>, id: Id) -> Step<Option<Session>> {
    let level = code(level_code(ScopeLevel::Session));
    session_where(rows, "s.level = $1 AND s.id = $2", &[value(&level), value(&uuid(id))]).await
}

pub(super) async fn active_session(
    rows: &PgTransaction<'_>,
    like: &Session,
    project: i64,
) -> Step<Option<Session>> {
    let active = code(status_code(SessionStatus::Active));
    let condition = "n.project = $1 AND n.status = $2 AND n.agent_id IS NOT DISTINCT FROM $3 \
                     AND n.name IS NOT DISTINCT FROM $4 ORDER BY n.started_at_ms DESC LIMIT 1";
    session_where(
        rows,
        condition,
        &[value(&project), value(&active), value(&like.agent_id), value(&like.name)],
    )
    .await
}

pub(super) async fn insert_session(
    rows: &PgTransaction<'_>,
    key: i64,
    project: i64,
    session: &Session,
) -> Step<()> {
    let sql = "INSERT INTO sessions (scope, project, name, purpose, agent_id, status, metadata, \
               started_at_ms, ended_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    rows.rows(
        sql,
        &[
            value(&key),
            value(&project),
            value(&session.name),
            value(&session.purpose),
            value(&session.agent_id),
            value(&code(status_code(session.status))),
            value(&session.metadata.as_ref().map(|json| json.0.as_str())),
            value(&session.started_at_ms),
            value(&session.ended_at_ms),
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn set_session_state(
    rows: &PgTransaction<'_>,
    key: i64,
    state: &SessionState<'_>,
) -> Step<Option<String>> {
    let sql = "UPDATE sessions SET status = $2, ended_at_ms = $3, summary = coalesce($4, summary), \
               active_at_ms = coalesce($5, active_at_ms) WHERE scope = $1 RETURNING summary";
    let status = code(status_code(state.status));
    let values = [
        value(&key),
        value(&status),
        value(&state.ended_at_ms),
        value(&state.summary),
        value(&state.active_at_ms),
    ];
    let row = rows.row(sql, &values).await?;
    Ok(row.map(|row| get::<Option<String>>(&row, 0)).transpose()?.flatten())
}

pub(super) async fn abandoned_sessions(
    rows: &PgTransaction<'_>,
    before_ms: i64,
    at_ms: i64,
    limit: u32,
) -> Step<Vec<SessionReport>> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions n JOIN scopes s ON s.key = n.scope LEFT JOIN scopes p ON p.key = n.project \
         WHERE {} ORDER BY n.started_at_ms, n.scope LIMIT $3",
        is_abandoned('$')
    );
    let limit = i64::from(limit);
    let found = rows.rows(&sql, &[value(&before_ms), value(&at_ms), value(&limit)]).await?;
    found.iter().map(session_report_from_row).collect()
}
