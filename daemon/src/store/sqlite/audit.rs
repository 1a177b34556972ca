//! The audit: lines that are written at its end, read from there, and forgotten from its beginning.

use agent_memory_proto::{
    model::{AuditEntry, Id},
    request::ReadAudit,
    response::AuditPage,
};
use rusqlite::{Connection, params, params_from_iter, types::Value};

use super::{
    SqliteStore,
    cells::{cell, value},
};
use crate::store::{
    AuditLimits, AuditStore, StoreError, StoreFuture,
    audit_rows::{
        AUDIT, FORGOTTEN_MAX, action_code, condition, entry_from, kind_code, page, via_code, window,
    },
    columns::level_code,
};

impl AuditStore for SqliteStore {
    fn audit(&self, request: ReadAudit) -> StoreFuture<'_, AuditPage> {
        Box::pin(
            self.readers
                .run_short(move |reader| reader.snapshot(None, |connection| page_of(connection, &request))),
        )
    }
}

/// Writes a line at the end.
pub(super) fn append(connection: &Connection, line: &AuditEntry) -> Result<(), StoreError> {
    let id = |id: &'_ Option<Id>| id.map(|id| id.0);
    connection
        .prepare_cached(
            "INSERT INTO audit (at_ms, action, kind, id, scope_level, scope_id, before_version, after_version, times, \
             detail, agent, session, via, host, daemon) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            line.at_ms,
            action_code(line.action),
            kind_code(line.kind),
            id(&line.id),
            line.scope.map(|scope| level_code(scope.level)),
            line.scope.and_then(|scope| scope.id).map(|id| id.0),
            line.before_version,
            line.after_version,
            line.times,
            line.detail,
            line.agent,
            id(&line.session),
            via_code(line.via),
            line.host,
            line.daemon.0,
        ])?;
    Ok(())
}

fn page_of(connection: &Connection, request: &ReadAudit) -> Result<AuditPage, StoreError> {
    let (oldest, newest) = connection
        .prepare_cached("SELECT coalesce(min(number), 0), coalesce(max(number), 0) FROM audit")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (from, before) = window(request, oldest, newest);
    let (narrowed, narrowing) = condition(request, '?', 4);
    let sql = format!(
        "SELECT {} FROM audit WHERE number >= ?1 AND number < ?2 AND {narrowed} ORDER BY number DESC LIMIT ?3",
        AUDIT.names()
    );
    let mut values = [from, before, request.limit.into()].map(Value::from).to_vec();
    values.extend(narrowing.iter().map(|(cell, column)| value(cell, *column)));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(AUDIT.columns.len());
        for (place, column) in AUDIT.columns.iter().enumerate() {
            cells.push(cell(row.get_ref(place)?, column)?);
        }
        entries.push(entry_from(cells)?);
    }
    Ok(page(entries, request, from, oldest))
}

/// Puts the whole audit of one store in the place of another's.
pub(super) fn replace(from: &Connection, into: &Connection) -> Result<(), StoreError> {
    into.execute("DELETE FROM audit", [])?;
    let marks = vec!["?"; AUDIT.columns.len()].join(", ");
    let mut insert = into.prepare(&format!("INSERT INTO audit ({}) VALUES ({marks})", AUDIT.names()))?;
    let mut select = from.prepare(&format!("SELECT {} FROM audit ORDER BY number", AUDIT.names()))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let cells = (0..AUDIT.columns.len()).map(|place| row.get::<_, Value>(place));
        insert.execute(params_from_iter(cells.collect::<Result<Vec<_>, _>>()?))?;
    }
    Ok(())
}

/// Forgets some of the oldest lines that are past their time or too many; true when there may be more.
pub(super) fn purge(connection: &Connection, limits: &AuditLimits, now_ms: i64) -> Result<bool, StoreError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM audit WHERE number IN (SELECT number FROM audit ORDER BY number LIMIT ?3) \
             AND (at_ms < ?1 OR number <= (SELECT max(number) FROM audit) - ?2)",
        )?
        .execute((limits.forgotten_before_ms(now_ms), limits.lines_max, FORGOTTEN_MAX))?;
    Ok(i64::try_from(removed).is_ok_and(|removed| removed >= FORGOTTEN_MAX))
}
