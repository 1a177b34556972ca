//! Whether the server takes as many connections as the daemons may make.

use super::Finding;
use crate::store::{
    StoreError,
    postgres::{connection::Connection, connector::Connector, options::PostgresOptions},
};

const ABOUT: &str = "connections";

/// What limits the connections.
#[derive(Clone, Copy, Debug)]
struct Limits {
    max_connections: i64,
    /// Kept for superusers.
    reserved: i64,
    /// Held by others than daemons.
    others: i64,
    /// Of the role and of the database; negative for none.
    role: i64,
    database: i64,
}

pub(super) async fn look(
    connection: &Connection,
    connector: &Connector,
    options: &PostgresOptions,
    daemons: u32,
) -> Result<Vec<Finding>, StoreError> {
    const SQL: &str = "\
        SELECT current_setting('max_connections')::bigint, \
               current_setting('superuser_reserved_connections')::bigint \
                   + coalesce(nullif(current_setting('reserved_connections', true), '')::bigint, 0), \
               (SELECT count(*) FROM pg_stat_activity WHERE usesysid IS NOT NULL AND datid IS NOT NULL AND pid <> pg_backend_pid() \
                AND coalesce(backend_type, 'client backend') = 'client backend' \
                AND coalesce(application_name, '') NOT LIKE 'agent-memoryd%'), \
               (SELECT rolconnlimit::bigint FROM pg_roles WHERE rolname = current_user), \
               (SELECT datconnlimit::bigint FROM pg_database WHERE datname = current_database())";
    if connector.is_pooled() {
        let what = format!(
            "{daemons} x {} to the pooler; what reaches the server is the pooler's own limit",
            options.pool_max
        );
        return Ok(vec![Finding::good(ABOUT, what)]);
    }
    let Some(row) = connection.row(SQL, &[]).await? else {
        return Err(StoreError::Other("the server does not tell its limits".to_owned()));
    };
    let limits = Limits {
        max_connections: row.get(0),
        reserved: row.get(1),
        others: row.get(2),
        role: row.get::<_, Option<i64>>(3).unwrap_or(-1),
        database: row.get::<_, Option<i64>>(4).unwrap_or(-1),
    };
    Ok(vec![judge(limits, i64::from(options.pool_max), i64::from(daemons))])
}

/// Each daemon makes its pool and one connection for events.
fn judge(limits: Limits, pool_max: i64, daemons: i64) -> Finding {
    let Limits { max_connections, reserved, others, role, database } = limits;
    let needed = daemons * (pool_max + 1);
    let mut free = max_connections - reserved - others;
    let mut sum =
        format!("max_connections {max_connections} - {reserved} reserved - {others} of others = {free}");
    for (name, limit) in [("role", role), ("database", database)] {
        if limit >= 0 && limit < free {
            free = limit;
            sum = format!("the CONNECTION LIMIT of the {name}, {limit}");
        }
    }
    let what =
        format!("{daemons} x ({pool_max} + 1 for events) = {needed}; there is room for {free} ({sum})");
    if needed <= free {
        return Finding::good(ABOUT, what);
    }
    let affordable = free / daemons - 1;
    let lower = match affordable {
        1.. => format!("Set AGENT_MEMORY_PG_POOL_MAX={affordable}, or raise"),
        _ => "Run fewer daemons, put a pooler in between, or raise".to_owned(),
    };
    let raise = match sum.starts_with("max_connections") {
        true => format!("max_connections of the server to {}", needed + reserved + others),
        false => format!("{} to {needed}", sum.split(',').next().unwrap_or_default()),
    };
    Finding::bad(ABOUT, what, format!("{lower} {raise}"))
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    const LIMITS: Limits = Limits { max_connections: 100, reserved: 3, others: 7, role: -1, database: -1 };

    #[test]
    fn pools_that_fit_are_fine() {
        let found = judge(LIMITS, 10, 8);
        assert_eq!(found.level, Level::Good);
        assert!(found.what.contains("8 x (10 + 1 for events) = 88; there is room for 90"), "{}", found.what);
    }

    #[test]
    fn pools_that_do_not_fit_are_told_with_both_mends() {
        let found = judge(LIMITS, 20, 8);
        assert_eq!(found.level, Level::Bad);
        let mend = found.mend.expect("a mend");
        assert_eq!(mend, "Set AGENT_MEMORY_PG_POOL_MAX=10, or raise max_connections of the server to 178");
        assert_eq!(judge(LIMITS, 10, 8).level, Level::Good);
        let mend = judge(LIMITS, 1, 60).mend.expect("a mend");
        assert!(mend.starts_with("Run fewer daemons"), "{mend}");
    }

    #[test]
    fn the_narrowest_limit_counts() {
        let found = judge(Limits { role: 5, ..LIMITS }, 10, 1);
        assert_eq!(found.level, Level::Bad);
        let mend = found.mend.expect("a mend");
        assert_eq!(mend, "Set AGENT_MEMORY_PG_POOL_MAX=4, or raise the CONNECTION LIMIT of the role to 11");
    }
}
