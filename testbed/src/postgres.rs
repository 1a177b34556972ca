//! A private PostgreSQL server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{files, process};

const START_PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// Further settings, as `("fsync", "on")`. By default nothing is synced: these servers need not
    /// outlive a power cut.
    pub settings: Vec<(String, String)>,
    /// The lines of `pg_hba.conf`; without any, everybody is trusted.
    pub access: Vec<String>,
    /// Where the data directory is made; the system's temporary directory when not named.
    pub parent: Option<PathBuf>,
}

impl PostgresOptions {
    /// With one more setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A private server. Its superuser is `postgres`, whom everybody may be who connects.
#[derive(Debug)]
pub struct Postgres {
    server: Option<process::Server>,
    options: PostgresOptions,
    port: u16,
    directory: TempDir,
}

impl Postgres {
    /// Starts a server with nothing in it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(PostgresOptions::default())
    }

    /// Starts a server with these options.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_with(options: PostgresOptions) -> Result<Self> {
        let directory = match &options.parent {
            Some(parent) => tempfile::Builder::new().prefix("am-pg-").tempdir_in(parent)?,
            None => tempfile::Builder::new().prefix("am-pg-").tempdir()?,
        };
        files::copy(&template()?, &directory.path().join("data"))?;
        files::give(directory.path())?;
        let mut postgres = Self { server: None, options, port: files::free_port()?, directory };
        if !postgres.options.access.is_empty() {
            postgres.set_access(&postgres.options.access.clone())?;
        }
        postgres.run()?;
        Ok(postgres)
    }

    /// Starts it again on the same port, after it was stopped or killed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn run(&mut self) -> Result<()> {
        let mut command = process::command(program("postgres")?);
        command.arg("-D").arg(self.data());
        let port = self.port.to_string();
        let sockets = self.socket_directory().display().to_string();
        let defaults = [
            ("port", port.as_str()),
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", sockets.as_str()),
            ("fsync", "off"),
            ("synchronous_commit", "on"),
            ("shared_buffers", "32MB"),
            ("max_connections", "100"),
            ("autovacuum_naptime", "5s"),
            ("lc_messages", "C"),
        ];
        for (name, value) in defaults {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        for (name, value) in &self.options.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let ready = "database system is ready to accept";
        self.server = Some(process::Server::start(command, ready, START_PATIENCE)?);
        Ok(())
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its Unix socket.
    #[must_use]
    pub fn socket_directory(&self) -> &Path {
        self.directory.path()
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The address of a database for its superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL as the superuser and returns what `psql -At` prints.
    ///
    /// # Errors
    /// With what the server says.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        query(&self.url(database), sql)
    }

    /// Replaces `pg_hba.conf`; a running server takes it up.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_access(&self, lines: &[String]) -> Result<()> {
        let file = self.data().join("pg_hba.conf");
        fs::write(&file, lines.join("\n") + "\n")?;
        match &self.server {
            Some(server) => server.signal(Signal::HUP),
            None => Ok(()),
        }
    }

    /// Stops it as `pg_ctl stop -m immediate` does: no checkpoint, connections are cut.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop_immediately(&mut self) -> Result<()> {
        self.end(Signal::QUIT)
    }

    /// Stops it as `pg_ctl stop -m fast` does.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::INT)
    }

    /// Kills all its processes with SIGKILL.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill(&mut self) -> Result<()> {
        self.server.take().context("the server runs")?.kill_all()?;
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        Ok(())
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        let mut server = self.server.take().context("the server runs")?;
        server.signal(signal)?;
        server.wait()
    }

    /// Stops every process of the server in its tracks (`SIGSTOP`): it takes connections and never
    /// answers. [`Postgres::go_on`] ends that.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn freeze(&self) -> Result<()> {
        self.server.as_ref().context("the server runs")?.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn go_on(&self) -> Result<()> {
        self.server.as_ref().context("the server runs")?.signal(Signal::CONT)
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.as_ref().map(process::Server::log).unwrap_or_default()
    }
}

/// Runs SQL over an address and returns what `psql -At` prints.
///
/// # Errors
/// With what the server says.
pub fn query(url: &str, sql: &str) -> Result<String> {
    let output = Command::new(program("psql")?)
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .arg(url)
        .output()?;
    ensure!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// A program of the newest PostgreSQL on this machine.
///
/// # Errors
/// When there is none.
pub fn program(name: &str) -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    versions.sort();
    if let Some((_, path)) = versions.pop() {
        return Ok(path);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .map(|directory| directory.join(name))
        .find(|path| path.exists())
        .with_context(|| format!("there is no {name} here; scripts/install-test-deps installs PostgreSQL"))
}

/// An empty data directory, made once for every build.
fn template() -> Result<PathBuf> {
    let template = files::cache()?.join("postgres-template");
    let _lock = files::lock(&template.with_extension("lock"))?;
    if template.join("PG_VERSION").exists() {
        return Ok(template);
    }
    let new = tempfile::Builder::new().prefix("am-initdb-").tempdir()?;
    files::give(new.path())?;
    let data = new.path().join("data");
    files::run(
        process::command(program("initdb")?)
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "-N",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--wal-segsize=1",
            ])
            .arg("-D")
            .arg(&data),
    )?;
    let _ = fs::remove_dir_all(&template);
    files::copy(&data, &template.with_extension("new"))?;
    fs::rename(template.with_extension("new"), &template)?;
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_answers_and_can_be_started_again() {
        let mut postgres = Postgres::start().expect("a server");
        assert_eq!(postgres.sql("postgres", "SELECT 6 * 7").expect("an answer"), "42");
        postgres.stop_immediately().expect("stops");
        assert!(postgres.sql("postgres", "SELECT 1").is_err());
        postgres.run().expect("starts again");
        postgres.kill().expect("dies");
        postgres.run().expect("starts again");
        assert_eq!(postgres.sql("postgres", "SELECT 1").expect("an answer"), "1");
    }
}
