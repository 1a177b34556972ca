//! `agent-memoryd db`: work on the database of the settings, without serving it.

mod check;
mod copy;
mod copy_progress;
mod migrate;
mod report;

use clap::Subcommand;

use crate::{
    actors,
    config::{Config, StoreKind},
    store::postgres::PostgresOptions,
};

/// What can be done to a database.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Bring the schema of a PostgreSQL database up to date, as the role of the settings
    Migrate(migrate::MigrateArgs),
    /// Copy everything between an SQLite store and an empty PostgreSQL database, and verify it
    Copy(copy::CopyArgs),
    /// Whether a daemon can work with a PostgreSQL database, and what to change if not
    Check(check::CheckArgs),
}

/// It was done, or all is well.
const DONE: u8 = 0;
/// It failed, or something is wrong.
const FAILED: u8 = 1;

/// Does it and returns the exit code.
#[must_use]
pub fn run(config: &Config, command: &DbCommand) -> u8 {
    // Whatever is created from here on is for the owner only.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let done = actors::block_on(async {
        match command {
            DbCommand::Migrate(args) => migrate::run(postgres(config)?, args).await,
            DbCommand::Copy(args) => copy::run(config, args).await,
            DbCommand::Check(args) => check::run(postgres(config)?, args).await,
        }
    });
    match done.map_err(|error| error.to_string()).and_then(|done| done) {
        Ok(exit) => exit,
        Err(text) => {
            eprintln!("error: {text}");
            FAILED
        }
    }
}

/// An SQLite store is checked and migrated by the daemon that opens it.
fn postgres(config: &Config) -> Result<&PostgresOptions, String> {
    match &config.store {
        StoreKind::Postgres(options) => Ok(options),
        StoreKind::Sqlite => {
            Err("the store of these settings is SQLite, which the daemon migrates and checks when it \
             starts; set AGENT_MEMORY_DB_TYPE=postgresql to work on a PostgreSQL database"
                .to_owned())
        }
    }
}

/// Prints to stdout. A reader that went away is no failure.
fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
