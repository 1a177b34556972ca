//! The audit: lines that are written at its end, read from there, and forgotten from its beginning.

use agent_memory_proto::{model::AuditEntry, request::ReadAudit, response::AuditPage};
use uuid::Uuid;

use super::{
    PostgresStore,
    cells::{Sent, cell, parameters},
    columns::{code, get, uuid},
    connection::Connection,
    values::{Value, value},
};
use crate::store::{
    AuditLimits, AuditStore, StoreError, StoreFuture,
    audit_rows::{
        AUDIT, FORGOTTEN_MAX, action_code, condition, entry_from, kind_code, page, via_code, window,
    },
    columns::level_code,
};

macro_rules! columns {
    ($line:ident; $($name:ident: $type:ty = $value:expr;)+) => {
        /// The columns of the audit but for the number, each with one value for every line.
        #[derive(Debug, Default)]
        pub(super) struct AuditColumns<'a> {
            $($name: Vec<$type>,)+
        }

        /// Their names, in the order of [`AuditColumns::values`].
        const NAMES: &[&str] = &[$(stringify!($name)),+];

        impl<'a> AuditColumns<'a> {
            /// Adds a line.
            pub(super) fn push(&mut self, $line: &'a AuditEntry) {
                $(self.$name.push($value);)+
            }

            /// The parameters of a statement.
            pub(super) fn values(&self) -> Vec<Value<'_>> {
                vec![$(value(&self.$name)),+]
            }
        }
    };
}

columns! { line;
    at_ms: i64 = line.at_ms;
    action: i16 = code(action_code(line.action));
    kind: i16 = code(kind_code(line.kind));
    id: Option<Uuid> = line.id.map(uuid);
    scope_level: Option<i16> = line.scope.map(|scope| code(level_code(scope.level)));
    scope_id: Option<Uuid> = line.scope.and_then(|scope| scope.id).map(uuid);
    before_version: Option<i32> = line.before_version.map(count);
    after_version: Option<i32> = line.after_version.map(count);
    times: i32 = count(line.times);
    detail: Option<&'a str> = line.detail.as_deref();
    agent: Option<&'a str> = line.agent.as_deref();
    session: Option<Uuid> = line.session.map(uuid);
    via: i16 = code(via_code(line.via));
    host: &'a str = &line.host;
    daemon: Uuid = uuid(line.daemon);
}

/// How many columns there are.
pub(super) const COUNT: usize = NAMES.len();

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl<'a> AuditColumns<'a> {
    pub(super) fn of(lines: &'a [AuditEntry]) -> Self {
        let mut columns = Self::default();
        lines.iter().for_each(|line| columns.push(line));
        columns
    }
}

/// The names of the columns, each after a prefix.
pub(super) fn names(prefix: &str) -> String {
    let names: Vec<String> = NAMES.iter().map(|name| format!("{prefix}{name}")).collect();
    names.join(", ")
}

/// The part of a statement that writes lines, which are its parameters from `first` on.
pub(super) fn appending(first: usize) -> String {
    let lines = super::writes::parameters(first, COUNT);
    format!("audited AS (INSERT INTO audit ({}) SELECT * FROM unnest({lines}))", names(""))
}

impl AuditStore for PostgresStore {
    fn audit(&self, request: ReadAudit) -> StoreFuture<'_, AuditPage> {
        Box::pin(async move { page_of(&*self.lease().await?, &request).await })
    }
}

async fn page_of(connection: &Connection, request: &ReadAudit) -> Result<AuditPage, StoreError> {
    const BOUNDS: &str = "SELECT coalesce(min(number), 0), coalesce(max(number), 0) FROM audit";
    let (oldest, newest) = match connection.row(BOUNDS, &[]).await? {
        Some(row) => (get(&row, 0)?, get(&row, 1)?),
        None => (0, 0),
    };
    let (from, before) = window(request, oldest, newest);
    let (narrowed, narrowing) = condition(request, '$', 4);
    let sql = format!(
        "SELECT {} FROM audit WHERE number >= $1 AND number < $2 AND {narrowed} ORDER BY number DESC LIMIT $3",
        AUDIT.names()
    );
    let limit = i64::from(request.limit);
    let mut values = vec![value(&from), value(&before), value(&limit)];
    let sent: Vec<Sent<'_>> = narrowing.iter().map(|(cell, column)| Sent(cell, *column)).collect();
    values.extend(parameters(&sent));
    let rows = connection.rows(&sql, &values).await?;
    let entries = rows.iter().map(|row| {
        let cells = AUDIT.columns.iter().enumerate().map(|(place, column)| cell(row, place, column.kind));
        entry_from(cells.collect::<Result<_, _>>()?)
    });
    Ok(page(entries.collect::<Result<_, _>>()?, request, from, oldest))
}

/// Forgets some of the oldest lines that are past their time or too many; true when there may be more.
pub(super) async fn purge(
    connection: &Connection,
    limits: &AuditLimits,
    now_ms: i64,
) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM audit WHERE number = ANY (ARRAY(SELECT a.number FROM \
        (SELECT number, at_ms FROM audit ORDER BY number LIMIT $3 FOR UPDATE SKIP LOCKED) AS a \
        WHERE a.at_ms < $1 OR a.number <= (SELECT max(number) FROM audit) - $2)) RETURNING 1";
    let before_ms = limits.forgotten_before_ms(now_ms);
    let values = [value(&before_ms), value(&limits.lines_max), value(&FORGOTTEN_MAX)];
    let removed = connection.write(SQL, &values).await?;
    Ok(i64::try_from(removed.len()).is_ok_and(|removed| removed >= FORGOTTEN_MAX))
}
