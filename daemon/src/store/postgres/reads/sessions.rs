//! Reads sessions, by id and in pages.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, ScopeLevel, Session},
    request::ListSessions,
    response::SessionReportPage,
};

use crate::store::{
    StoreError,
    columns::{level_code, status_code},
    postgres::{
        columns::{SESSION, code, session_from_row, session_report_from_row, uuid},
        connection::Connection,
        values::value,
    },
};

const FROM: &str = "FROM sessions n JOIN scopes s ON s.key = n.scope LEFT JOIN scopes p ON p.key = n.project";
const PAGE: &str =
    "($1 IS NULL OR n.status = $1) ORDER BY n.started_at_ms DESC, n.scope DESC LIMIT $2 OFFSET $3";

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {SESSION} {FROM} WHERE s.level = $1 AND s.id = $2"));
static OF_ALL: LazyLock<String> = LazyLock::new(|| format!("SELECT {SESSION} {FROM} WHERE {PAGE}"));
static OF_PROJECT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {SESSION} {FROM} WHERE n.project = (SELECT key FROM scopes WHERE level = $4 AND id = $5) AND {PAGE}"
    )
});

pub(in crate::store::postgres) async fn by_id(
    connection: &Connection,
    id: Id,
) -> Result<Option<Session>, StoreError> {
    let level = code(level_code(ScopeLevel::Session));
    let row = connection.row(&BY_ID, &[value(&level), value(&uuid(id))]).await?;
    row.as_ref().map(session_from_row).transpose()
}

pub(super) async fn page(
    connection: &Connection,
    request: &ListSessions,
) -> Result<SessionReportPage, StoreError> {
    let status = request.status.map(|status| code(status_code(status)));
    let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
    let values = [value(&status), value(&wanted), value(&offset)];
    let rows = match request.project_id {
        None => connection.rows(&OF_ALL, &values).await?,
        Some(project) => {
            let (level, project) = (code(level_code(ScopeLevel::Project)), uuid(project));
            let [status, wanted, offset] = values;
            let values = [status, wanted, offset, value(&level), value(&project)];
            connection.rows(&OF_PROJECT, &values).await?
        }
    };
    let sessions = rows.iter().map(session_report_from_row).collect::<Result<_, _>>()?;
    let (sessions, has_more) = super::cut(sessions, request.limit);
    Ok(SessionReportPage { sessions, has_more })
}
