//! A private PgBouncer before a server.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{Postgres, files, postgres, process};

const START_PATIENCE: Duration = Duration::from_secs(20);

/// When a server connection is given to the next client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// At the end of each transaction.
    Transaction,
}

/// How a pooler is started.
#[derive(Clone, Debug)]
pub struct PgBouncerOptions {
    /// When a server connection is given to the next client.
    pub mode: PoolMode,
    /// Connections to the server for each pair of database and role.
    pub pool_size: u32,
    /// Further settings, as `("ignore_startup_parameters", "options")`.
    pub settings: Vec<(String, String)>,
}

impl PgBouncerOptions {
    /// A pooler with so many connections to the server.
    #[must_use]
    pub const fn new(mode: PoolMode, pool_size: u32) -> Self {
        Self { mode, pool_size, settings: Vec::new() }
    }

    /// With one more setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running pooler. Everybody may be whom they like.
#[derive(Debug)]
pub struct PgBouncer {
    server: process::Server,
    port: u16,
    // After the server: it is removed when that has ended.
    directory: TempDir,
}

impl PgBouncer {
    /// Starts one before a server.
    ///
    /// # Errors
    /// When PgBouncer is not installed, or does not start.
    pub fn start(behind: &Postgres, options: &PgBouncerOptions) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("am-pgb-").tempdir()?;
        let port = files::free_port()?;
        let mode = match options.mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        // Without a log file it logs to stderr.
        let mut text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\nadmin_users = postgres\npool_mode = {mode}\n\
             default_pool_size = {}\nmax_client_conn = 500\n",
            behind.port(),
            directory.path().join("users").display(),
            options.pool_size,
        );
        for (name, value) in &options.settings {
            text.push_str(&format!("{name} = {value}\n"));
        }
        let file = directory.path().join("pgbouncer.ini");
        fs::write(directory.path().join("users"), users())?;
        fs::write(&file, text)?;
        files::give(directory.path())?;
        let mut command = process::command(program()?);
        command.arg(&file);
        let server = process::Server::start(command, "process up", START_PATIENCE)?;
        Ok(Self { server, port, directory })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database for the server's superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Its settings file.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.directory.path().join("pgbouncer.ini")
    }

    /// Stops it at once; clients are cut off.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop(mut self) -> Result<()> {
        self.server.signal(Signal::TERM)?;
        self.server.wait()
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.log()
    }
}

/// The roles that tests use.
fn users() -> String {
    ["postgres", "owner", "app"].iter().map(|name| format!("\"{name}\" \"\"\n")).collect()
}

fn program() -> Result<PathBuf> {
    let usual = PathBuf::from("/usr/sbin/pgbouncer");
    if usual.exists() {
        return Ok(usual);
    }
    postgres::program("pgbouncer").context("scripts/install-test-deps installs PgBouncer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooler_passes_questions_on() {
        let server = Postgres::start().expect("a server");
        for mode in [PoolMode::Session, PoolMode::Transaction] {
            let pooler = PgBouncer::start(&server, &PgBouncerOptions::new(mode, 2)).expect("a pooler");
            let answer = postgres::query(&pooler.url("postgres"), "SELECT 6 * 7").expect("an answer");
            assert_eq!(answer, "42");
            pooler.stop().expect("stops");
        }
    }
}
