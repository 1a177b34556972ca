//! What is done to a database without serving it: `agent-memoryd db`.

use std::{sync::Arc, time::Duration};

use super::{
    connection::Connection,
    connector::Connector,
    migrations::{self, Migration},
    options::PostgresOptions,
};
use crate::{clock::Clock, store::StoreError};

/// A migration may take its time.
pub(super) const MIGRATION_TIMEOUT: Duration = Duration::from_secs(24 * 3_600);

/// A step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: u32,
    /// Its name.
    pub name: &'static str,
    /// What others have to wait for while it runs.
    pub locks: &'static str,
}

impl From<&Migration> for Step {
    fn from(migration: &Migration) -> Self {
        Self { version: migration.version, name: migration.name, locks: migration.locks }
    }
}

/// Brings the schema up to date. Returns its version and the steps that were done.
///
/// # Errors
/// Why it cannot be done; nothing was changed then.
pub async fn migrate(options: &PostgresOptions, clock: &Clock) -> Result<(u32, Vec<Step>), StoreError> {
    let connection = connect(options).await?;
    let applied = migrations::migrate(&connection, clock, migrations::ALL, true).await?;
    let done = usize::try_from(applied).unwrap_or(usize::MAX).min(migrations::ALL.len());
    let steps = migrations::ALL[migrations::ALL.len() - done..].iter().map(Step::from).collect();
    Ok((migrations::newest(), steps))
}

/// The version of the schema, zero for none, and the steps that it lacks.
///
/// # Errors
/// When it cannot be read, or is none of ours.
pub async fn pending_migrations(options: &PostgresOptions) -> Result<(u32, Vec<Step>), StoreError> {
    let connection = connect(options).await?;
    let pending = migrations::pending(&connection, migrations::ALL).await?;
    let before = pending.first().map_or_else(migrations::newest, |first| first.version - 1);
    Ok((before, pending.iter().map(Step::from).collect()))
}

async fn connect(options: &PostgresOptions) -> Result<Connection, StoreError> {
    let connector = Arc::new(Connector::new(options, &options.server)?);
    let (client, keeps_state) = connector.open(drop).await?;
    Ok(Connection::new(client, keeps_state, MIGRATION_TIMEOUT))
}
