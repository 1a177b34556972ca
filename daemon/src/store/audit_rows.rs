//! How the audit stands in rows, for every backend: its table, a line as the cells of a row, and the conditions of a
//! page.

use std::fmt::Write as _;

use agent_memory_proto::{
    model::{AuditAction, AuditEntry, AuditKind, AuditVia, Id, ScopeLevel, ScopeRef},
    request::ReadAudit,
    response::AuditPage,
};

use super::{
    StoreError,
    cells::{Cells, id_cell, narrow, place},
    columns::level_code,
    copy::{
        Cell, Column,
        ColumnKind::{self, Big, Integer, Small, Text},
        Row, Table, column as c,
    },
};

/// The columns of a line. The first is given by the database.
pub(in crate::store) const AUDIT: Table = Table {
    name: "audit",
    columns: &[
        c("number", Big),
        c("at_ms", Big),
        c("action", Small),
        c("kind", Small),
        c("id", ColumnKind::Id),
        c("scope_level", Small),
        c("scope_id", ColumnKind::Id),
        c("before_version", Integer),
        c("after_version", Integer),
        c("times", Integer),
        c("detail", Text),
        c("agent", Text),
        c("session", ColumnKind::Id),
        c("via", Small),
        c("host", Text),
        c("daemon", ColumnKind::Id),
    ],
    order: "number",
    rows_of_new_store: 0,
};

/// How long the audit is kept, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLimits {
    /// How long; 0 is for ever.
    pub kept_ms: i64,
    /// How many lines.
    pub lines_max: i64,
}

impl Default for AuditLimits {
    /// As in the settings.
    fn default() -> Self {
        Self { kept_ms: 90 * 24 * 3_600_000, lines_max: 1_000_000 }
    }
}

impl AuditLimits {
    /// What is older than this is forgotten.
    pub(in crate::store) const fn forgotten_before_ms(&self, now_ms: i64) -> i64 {
        if self.kept_ms == 0 { i64::MIN } else { now_ms.saturating_sub(self.kept_ms) }
    }
}

/// Lines that one page looks through.
pub(in crate::store) const LOOKED_THROUGH_MAX: i64 = 50_000;
/// Lines that are forgotten in one turn of the housekeeping.
pub(in crate::store) const FORGOTTEN_MAX: i64 = 1_000;

pub(in crate::store) fn action_code(action: AuditAction) -> i64 {
    place(&AuditAction::ALL, &action)
}

pub(in crate::store) fn kind_code(kind: AuditKind) -> i64 {
    place(&AuditKind::ALL, &kind)
}

pub(in crate::store) fn via_code(via: AuditVia) -> i64 {
    place(&AuditVia::ALL, &via)
}

/// The line of a row.
///
/// # Errors
/// `Corrupt` when it is none.
pub(in crate::store) fn entry_from(row: Row) -> Result<AuditEntry, StoreError> {
    let mut cells = Cells::of(row);
    let number = cells.needed()?.cast_unsigned();
    let at_ms = cells.needed()?;
    let action = cells.word(&AuditAction::ALL)?;
    let kind = cells.word(&AuditKind::ALL)?;
    let id = cells.id()?;
    let scope = scope_from(cells.number()?, cells.id()?)?;
    Ok(AuditEntry {
        number,
        at_ms,
        action,
        kind,
        id,
        scope,
        before_version: cells.small()?,
        after_version: cells.small()?,
        times: cells.small()?.unwrap_or(0),
        detail: cells.text()?,
        agent: cells.text()?,
        session: cells.id()?,
        via: cells.word(&AuditVia::ALL)?,
        host: cells.text()?.unwrap_or_default(),
        daemon: cells.needed_id()?,
    })
}

fn scope_from(level: Option<i64>, id: Option<Id>) -> Result<Option<ScopeRef>, StoreError> {
    let Some(code) = level else { return Ok(None) };
    let level = usize::try_from(code).ok().and_then(|place| ScopeLevel::ALL.get(place)).copied();
    let level = level.ok_or_else(|| Cells::wrong(Some(Cell::Int(code))))?;
    Ok(Some(ScopeRef { level, id }))
}

/// The numbers that a page looks through: from the first on, up to before the second; of an audit that has the
/// numbers `oldest` to `newest`.
pub(in crate::store) fn window(request: &ReadAudit, oldest: i64, newest: i64) -> (i64, i64) {
    let asked = request.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let before = asked.min(newest.saturating_add(1));
    (before.saturating_sub(LOOKED_THROUGH_MAX).max(oldest), before)
}

/// The page of the lines that were found from a number on.
pub(in crate::store) fn page(
    entries: Vec<AuditEntry>,
    request: &ReadAudit,
    from: i64,
    oldest: i64,
) -> AuditPage {
    let is_full = entries.len() >= usize::try_from(request.limit).unwrap_or(usize::MAX);
    let next = match entries.last() {
        Some(last) if is_full => last.number,
        _ => from.cast_unsigned(),
    };
    let next = Some(next).filter(|next| *next > oldest.cast_unsigned());
    AuditPage { entries, next }
}

/// What a page is narrowed to: a condition on `audit`, and its parameters, each with the column that it is compared
/// with; they are named by `mark` and their numbers from `first` on.
pub(in crate::store) fn condition(
    request: &ReadAudit,
    mark: char,
    first: usize,
) -> (String, Vec<(Cell, Column)>) {
    let mut sql = "TRUE".to_owned();
    if let Some(action) = request.action {
        let _ = write!(sql, " AND action = {}", action_code(action));
    }
    if let Some(scope) = request.scope {
        let _ = write!(sql, " AND scope_level = {}", level_code(scope.level));
    }
    for (operator, ms) in [(">=", request.since_ms), ("<", request.until_ms)] {
        if let Some(ms) = ms {
            let _ = write!(sql, " AND at_ms {operator} {ms}");
        }
    }
    let wanted = [
        (c("agent", Text), request.agent.clone().map(Cell::Text)),
        (c("id", ColumnKind::Id), request.id.map(id_cell)),
        (c("scope_id", ColumnKind::Id), request.scope.and_then(|scope| scope.id).map(id_cell)),
    ];
    let values = narrow(&mut sql, "", (mark, first), wanted);
    (sql, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_down_to_the_oldest() {
        let (oldest, newest) = (7, 7 + LOOKED_THROUGH_MAX);
        let mut request = ReadAudit::all(10, None);
        let (from, before) = window(&request, oldest, newest);
        assert_eq!((from, before), (8, newest + 1));
        let found = page(Vec::new(), &request, from, oldest);
        request.before = found.next;
        assert_eq!(window(&request, oldest, newest), (7, 8));
        assert_eq!(page(Vec::new(), &request, 7, oldest).next, None);
        assert_eq!(page(Vec::new(), &request, 0, 0).next, None);
    }

    #[test]
    fn nothing_is_forgotten_by_age_where_the_age_is_not_bounded() {
        let limits = AuditLimits { kept_ms: 0, lines_max: 1 };
        assert_eq!(limits.forgotten_before_ms(1_000), i64::MIN);
        assert_eq!(AuditLimits { kept_ms: 400, ..limits }.forgotten_before_ms(1_000), 600);
    }
}
