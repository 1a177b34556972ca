//! Reads sessions, by id and in pages.

use agent_memory_proto::{
    model::{Id, ScopeLevel, ScopeRef, Session},
    request::ListSessions,
    response::SessionReportPage,
};
use rusqlite::{Connection, OptionalExtension};

use crate::store::{
    StoreError,
    sqlite::{
        columns::{SESSION, level_code, session_from_row, session_report_from_row, status_code},
        scope_keys,
    },
};

const FROM: &str = "FROM sessions n JOIN scopes s ON s.key = n.scope LEFT JOIN scopes p ON p.key = n.project";

pub(in crate::store::sqlite) fn by_id(
    connection: &Connection,
    id: Id,
) -> Result<Option<Session>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {SESSION} {FROM} WHERE s.level = ?1 AND s.id = ?2"))?;
    Ok(statement.query_row((level_code(ScopeLevel::Session), id.0), session_from_row).optional()?)
}

pub(in crate::store::sqlite) fn page(
    connection: &Connection,
    request: &ListSessions,
) -> Result<SessionReportPage, StoreError> {
    let limit = i64::from(request.limit) + 1;
    let status = request.status.map(status_code);
    let condition = "(?1 IS NULL OR n.status = ?1)";
    let order = "ORDER BY n.started_at_ms DESC, n.scope DESC LIMIT ?2 OFFSET ?3";
    let rows = match request.project_id {
        None => connection
            .prepare_cached(&format!("SELECT {SESSION} {FROM} WHERE {condition} {order}"))?
            .query_map((status, limit, request.offset), session_report_from_row)?
            .collect::<Result<Vec<_>, _>>()?,
        Some(id) => match scope_keys::find(connection, &ScopeRef::project(id))? {
            None => Vec::new(),
            Some(project) => connection
                .prepare_cached(&format!(
                    "SELECT {SESSION} {FROM} WHERE n.project = ?4 AND {condition} {order}"
                ))?
                .query_map((status, limit, request.offset, project), session_report_from_row)?
                .collect::<Result<Vec<_>, _>>()?,
        },
    };
    let (sessions, has_more) = super::cut(rows, request.limit);
    Ok(SessionReportPage { sessions, has_more })
}
