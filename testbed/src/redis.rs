//! A private Redis server.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{Authority, Validity, files, process};

const START_PATIENCE: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The password of the default user.
    pub password: Option<String>,
    /// Users of the access list, as `worker on >secret ~agentmem:* &agentmem:* +@all`.
    pub users: Vec<String>,
    /// Further settings, as `("maxmemory", "1mb")`.
    pub settings: Vec<(String, String)>,
    /// The files of a certificate, its key and its authority: the port takes TLS only.
    pub certificate: Option<(PathBuf, PathBuf, PathBuf)>,
    /// Whether it is a sentinel, which has no data and watches others.
    pub is_sentinel: bool,
}

impl RedisOptions {
    /// With one more setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a password for the default user.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With a user of the access list.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.users.push(user.to_owned());
        self
    }

    /// With TLS on its port, and a certificate of this authority for `name`.
    ///
    /// # Errors
    /// When it cannot be issued.
    pub fn with_tls(mut self, authority: &Authority, name: &str, validity: Validity) -> Result<Self> {
        let (certificate, key) = authority.issue(name, validity)?;
        self.certificate = Some((certificate, key, authority.file()));
        Ok(self)
    }
}

/// A private server, on a port of 127.0.0.1 and on a Unix socket. Nothing is written to the disk.
#[derive(Debug)]
pub struct Redis {
    server: Option<process::Server>,
    options: RedisOptions,
    port: u16,
    directory: TempDir,
}

impl Redis {
    /// Starts a server with nothing in it.
    ///
    /// # Errors
    /// When Redis is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(RedisOptions::default())
    }

    /// Starts a server with these options.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn start_with(options: RedisOptions) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("am-redis-").tempdir()?;
        let mut redis = Self { server: None, options, port: files::free_port()?, directory };
        redis.run()?;
        Ok(redis)
    }

    /// Starts it again on the same port, with nothing in it, after it was stopped or killed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn run(&mut self) -> Result<()> {
        let file = self.directory.path().join("redis.conf");
        fs::write(&file, self.settings())?;
        files::give(self.directory.path())?;
        // Its log goes to the standard output; ours is read from the other one.
        let mut command = process::command("sh");
        let (mode, ready) = match self.options.is_sentinel {
            true => (" --sentinel", "+monitor master"),
            false => ("", "Ready to accept connections"),
        };
        command.args(["-c", &format!("exec redis-server \"$0\"{mode} >&2")]).arg(&file);
        self.server = Some(process::Server::start(command, ready, START_PATIENCE)?);
        Ok(())
    }

    fn settings(&self) -> String {
        let (plain, tls) = if self.options.certificate.is_some() { (0, self.port) } else { (self.port, 0) };
        let mut text = format!(
            "bind 127.0.0.1\nport {plain}\ntls-port {tls}\nunixsocket {}\nunixsocketperm 777\nsave \"\"\n\
             appendonly no\ndir {}\nlogfile \"\"\ndaemonize no\n",
            self.socket().display(),
            self.directory.path().display(),
        );
        if let Some((certificate, key, authority)) = &self.options.certificate {
            let (certificate, key, authority) = (certificate.display(), key.display(), authority.display());
            text.push_str(&format!(
                "tls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {authority}\ntls-auth-clients no\n"
            ));
        }
        if let Some(password) = &self.options.password {
            text.push_str(&format!("requirepass {password}\n"));
        }
        for user in &self.options.users {
            text.push_str(&format!("user {user}\n"));
        }
        for (name, value) in &self.options.settings {
            text.push_str(&format!("{name} {value}\n"));
        }
        text
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its Unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    /// Its directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its address, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.options.certificate.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Runs a command as the default user and returns what `redis-cli` prints.
    ///
    /// # Errors
    /// With what the server says.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("redis-cli");
        command.arg("-s").arg(self.socket()).args(["-e", "--no-auth-warning"]);
        if let Some(password) = &self.options.password {
            command.args(["-a", password]);
        }
        let output = command.args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        ensure!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// As [`Redis::command`].
    pub fn flush(&self) -> Result<()> {
        self.command(&["FLUSHALL"]).map(drop)
    }

    /// Asks it to end, and waits for that.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop(&mut self) -> Result<()> {
        let mut server = self.server.take().context("the server runs")?;
        server.signal(Signal::TERM)?;
        server.wait()
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill(&mut self) -> Result<()> {
        self.server.take().context("the server runs")?.kill_all()
    }

    /// Stops it in its tracks (`SIGSTOP`): it takes connections and never answers.
    /// [`Redis::go_on`] ends that.
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

    /// Waits for a line of its log that was not waited for before.
    pub(crate) fn wait_for_line(&mut self, part: &str) -> Result<()> {
        self.server.as_mut().context("the server runs")?.wait_for_line(part, START_PATIENCE)
    }

    /// Whether it was not stopped or killed.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.server.is_some()
    }

    /// Its log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.server.as_ref().map(process::Server::log).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_killed_and_is_back_on_its_port_with_nothing_in_it() {
        let mut redis = Redis::start().expect("a server");
        redis.command(&["SET", "a", "1"]).expect("set");
        assert_eq!(redis.command(&["GET", "a"]).expect("an answer"), "1");
        redis.flush().expect("flushed");
        assert_eq!(redis.command(&["DBSIZE"]).expect("an answer"), "0");
        redis.command(&["SET", "a", "1"]).expect("set");
        redis.kill().expect("killed");
        assert!(redis.command(&["PING"]).is_err());
        redis.run().expect("is back");
        assert_eq!(redis.command(&["DBSIZE"]).expect("an answer"), "0");
        redis.stop().expect("stops");
    }

    #[test]
    fn a_server_may_ask_for_a_password_and_take_tls_only() {
        let authority = Authority::new().expect("an authority");
        let options = RedisOptions::default()
            .with_password("sesame")
            .with_user("worker on >secret ~agentmem:* &agentmem:* +@all")
            .with_tls(&authority, "localhost", Validity::Now)
            .expect("a certificate");
        let redis = Redis::start_with(options).expect("a server");
        assert_eq!(redis.command(&["PING"]).expect("an answer"), "PONG");
        let port = redis.port().to_string();
        let plain = Command::new("redis-cli").args(["-p", &port, "-t", "1", "PING"]).output().expect("runs");
        assert!(!String::from_utf8_lossy(&plain.stdout).contains("PONG"));
    }
}
