//! The schema: its version, and whether the role may work with it.

use super::{Finding, text};
use crate::store::{
    StoreError,
    postgres::{connection::Connection, migrations, options::PostgresOptions, rights},
};

const ABOUT: &str = "schema";

pub(super) async fn look(
    connection: &Connection,
    options: &PostgresOptions,
) -> Result<Vec<Finding>, StoreError> {
    let schema = text(connection, "SELECT current_schema()::text").await?;
    if schema.is_empty() {
        let what = "none of the role's search_path is there, or the role may not use it";
        let mend = "Create one, GRANT USAGE on it, or ALTER ROLE .. SET search_path";
        return Ok(vec![Finding::bad(ABOUT, what, mend)]);
    }
    let grants = rights::missing(connection, migrations::ALL).await?;
    if !grants.is_empty() {
        let mend = format!("Run as the owner: {};", grants.join("; "));
        return Ok(vec![Finding::bad("rights", "the role lacks some that a daemon needs", mend)]);
    }
    let pending = match migrations::pending(connection, migrations::ALL).await {
        Ok(pending) => pending,
        Err(error) => return Ok(vec![Finding::failed(ABOUT, &error)]),
    };
    let newest = migrations::newest();
    let Some(first) = pending.first() else {
        let version = Finding::good(ABOUT, format!("version {newest}, in {schema}"));
        return Ok(vec![version, Finding::good("rights", "all that a daemon needs")]);
    };
    let may_create =
        text(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')::text").await? == "true";
    let what = match first.version {
        1 => format!("{schema} is empty"),
        next => format!("version {} in {schema}; this build needs {newest}", next - 1),
    };
    Ok(vec![match (options.migrate, may_create) {
        (true, true) => Finding::good(ABOUT, format!("{what}: the next daemon that starts migrates it")),
        _ => Finding::bad(ABOUT, what, "Run `agent-memory db migrate` as the role that owns the schema"),
    }])
}
