//! Whether a daemon can work with a database: everything that it needs is looked at, one thing after
//! the other, and what is wrong is told with its mend. Changes nothing.

mod events;
mod schema;
mod server;
mod sizing;

use std::sync::Arc;

use super::{connection::Connection, connector::Connector, members, options::PostgresOptions};
use crate::store::StoreError;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All is well.
    Good,
    /// It works, and is worth a thought.
    Doubtful,
    /// Something would fail.
    Bad,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "warning",
            Self::Bad => "problem",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub about: &'static str,
    /// How it is.
    pub what: String,
    /// What to do about it.
    pub mend: Option<String>,
}

impl Finding {
    fn good(about: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Good, about, what: what.into(), mend: None }
    }

    fn doubtful(about: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Doubtful, about, what: what.into(), mend: Some(mend.into()) }
    }

    fn bad(about: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Bad, about, what: what.into(), mend: Some(mend.into()) }
    }

    /// What could not be looked at.
    fn failed(about: &'static str, error: &StoreError) -> Self {
        Self { level: Level::Bad, about, what: error.to_string(), mend: None }
    }
}

/// Looks at the server, the role, the schema, the events and the sizing for so many daemons with
/// these options; for those that share the database now when no number is given.
pub async fn inspect(options: &PostgresOptions, daemons: Option<u32>) -> Vec<Finding> {
    let connector = match Connector::new(options, &options.server) {
        Ok(connector) => Arc::new(connector),
        Err(error) => return vec![Finding::failed("connection", &error)],
    };
    let connection = match connector.connect().await {
        Ok(connection) => connection,
        Err(error) => return vec![Finding::failed("connection", &error)],
    };
    let daemons = match daemons {
        Some(daemons) => daemons,
        None => members::number_present(&connection).await,
    };
    let mut findings = vec![Finding::good("connection", options.location())];
    let parts: [(&'static str, Result<Vec<Finding>, StoreError>); 4] = [
        ("server", server::look(&connection, &connector, options).await),
        ("schema", schema::look(&connection, options).await),
        ("events", events::look(&connection, options).await),
        ("connections", sizing::look(&connection, &connector, options, daemons).await),
    ];
    for (about, found) in parts {
        match found {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(Finding::failed(about, &error)),
        }
    }
    findings
}

/// A value of the only row.
async fn text(connection: &Connection, sql: &str) -> Result<String, StoreError> {
    let row = connection.row(sql, &[]).await?;
    Ok(row.and_then(|row| row.get::<_, Option<String>>(0)).unwrap_or_default())
}
