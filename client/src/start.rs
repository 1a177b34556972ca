//! Starts the daemon, detached, and waits until one answers: the one started here or another that
//! won the race. No file decides anything; only a handshake does.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{client::Client, connect, connect::ConnectOptions, error::ClientError};

/// Exit code of a daemon whose data directory another one holds.
const EXIT_DATA_DIR_LOCKED: i32 = 75;
/// So many daemons that a signal ended while they started are replaced; the next one is a failure.
const KILLED_MAX: u32 = 3;
/// Beyond this size the log is put aside before the daemon is started.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// Lines of the log that a failure shows, and the bytes that are searched for them.
const TAIL_LINES: usize = 12;
const TAIL_BYTES: u64 = 16 << 10;
/// Variables that are meant for this process and not for the daemon: a service manager's, and the
/// client's own log filter.
const NOT_INHERITED: [&str; 8] = [
    "AGENT_MEMORY_AGENT_TOKEN",
    "AGENT_MEMORY_CLIENT_LOG",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
];

/// Starts a daemon if need be and returns a connection to whichever answers.
pub(crate) async fn start(options: &ConnectOptions) -> Result<Client, ClientError> {
    let until = Instant::now() + options.start_timeout;
    let mut starter = Starter::new(options);
    let mut pauses = polling();
    loop {
        let error = match connect::attempt(options).await {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        match error {
            ClientError::NotRunning { .. } => starter.ensure_started()?,
            ClientError::Stopping { .. } | ClientError::Unresponsive { .. } => {}
            other => return Err(other),
        }
        if Instant::now() >= until {
            return Err(match error {
                ClientError::NotRunning { .. } => starter.failed(format!(
                    "nobody answered on {} within {} ms (AGENT_MEMORY_START_TIMEOUT_MS){}",
                    options.socket.display(),
                    options.start_timeout.as_millis(),
                    starter.blocker()
                )),
                other => other,
            });
        }
        sleep(pauses.next().unwrap_or(Duration::from_millis(20))).await;
    }
}

fn polling() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(20))
        .with_factor(1.3)
        .without_max_times()
        .build()
}

/// The daemon that this process started, if any.
struct Starter<'a> {
    options: &'a ConnectOptions,
    program: PathBuf,
    child: Option<Child>,
    /// Where the log ended before the start.
    log_start: u64,
    not_before: Option<Instant>,
    losses: u32,
    killed: u32,
}

impl<'a> Starter<'a> {
    fn new(options: &'a ConnectOptions) -> Self {
        let program = options.daemon_program.clone().unwrap_or_else(find_program);
        Self { options, program, child: None, log_start: 0, not_before: None, losses: 0, killed: 0 }
    }

    /// Starts the daemon unless one that was started here still runs. One that lost the race for
    /// the data directory is no failure: the winner will answer, or its place becomes free.
    fn ensure_started(&mut self) -> Result<(), ClientError> {
        if let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(None) => return Ok(()),
                Ok(Some(status)) => self.judge(status)?,
                Err(error) => return Err(self.failed(error.to_string())),
            }
        }
        if self.not_before.is_some_and(|time| Instant::now() < time) {
            return Ok(());
        }
        self.child = Some(self.spawn()?);
        Ok(())
    }

    fn judge(&mut self, status: ExitStatus) -> Result<(), ClientError> {
        match status.code() {
            Some(0 | EXIT_DATA_DIR_LOCKED) => {
                self.child = None;
                self.losses += 1;
                let pause = Duration::from_millis(50 << self.losses.min(4));
                self.not_before = Some(Instant::now() + pause);
                Ok(())
            }
            // Somebody killed it: that says nothing about the next one.
            None if self.killed < KILLED_MAX => {
                self.child = None;
                self.killed += 1;
                Ok(())
            }
            _ => Err(self.failed(format!("it ended with {status}"))),
        }
    }

    /// Who holds the data directory, if that is why we lost.
    fn blocker(&self) -> String {
        let holder = (self.losses > 0).then(|| connect::holder(&self.options.data_dir)).flatten();
        holder.map(|words| format!("; the data directory is held by {words}")).unwrap_or_default()
    }

    fn spawn(&mut self) -> Result<Child, ClientError> {
        let log = self.open_log()?;
        let options = self.options;
        let mut command = Command::new(&self.program);
        command
            .arg("--started-by-client")
            .env("AGENT_MEMORY_DATA_DIR", &options.data_dir)
            .env("AGENT_MEMORY_SOCKET", &options.socket)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if let Some(config_file) = &options.config_file {
            command.env("AGENT_MEMORY_CONFIG", config_file);
        }
        NOT_INHERITED.iter().for_each(|name| {
            command.env_remove(name);
        });
        // A process group of its own: what stops the client (Ctrl-C, a kill of its group) must not
        // stop the daemon that others use by then.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => self.failed(
                "it was found neither beside this program nor on PATH; set AGENT_MEMORY_DAEMON to its path"
                    .to_owned(),
            ),
            _ => self.failed(error.to_string()),
        })
    }

    fn open_log(&mut self) -> Result<File, ClientError> {
        let path = &self.options.log_file;
        let refused =
            |doing, path: &Path, source: io::Error| ClientError::Io { doing, path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            create_private(&self.options.data_dir)
                .and_then(|()| create_private(folder))
                .map_err(|source| refused("creating", folder, source))?;
        }
        let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if length > LOG_BYTES_MAX {
            // Another starter may have done it; then there is nothing left to rename.
            let _ = fs::rename(path, path.with_extension("log.1"));
        }
        let mut open = OpenOptions::new();
        open.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let file = open.open(path).map_err(|source| refused("opening the log", path, source))?;
        self.log_start = file.metadata().map_or(0, |metadata| metadata.len());
        Ok(file)
    }

    fn failed(&self, reason: String) -> ClientError {
        let log_file = self.options.log_file.clone();
        let tail = tail(&log_file, self.log_start, TAIL_LINES);
        ClientError::StartFailed { program: self.program.clone(), reason, log_file, tail }
    }
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The daemon's executable: the one beside this program, else the bare name, which the system looks
/// up on PATH.
#[must_use]
pub fn find_program() -> PathBuf {
    let name = if cfg!(windows) { "agent-memoryd.exe" } else { "agent-memoryd" };
    std::env::current_exe()
        .ok()
        .and_then(|here| here.parent().map(|folder| folder.join(name)))
        .filter(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// The last lines of a file, not looking before `start`.
pub(crate) fn tail(path: &Path, start: u64, lines: usize) -> Vec<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL_BYTES))))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_starts_after_what_was_there_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        fs::write(&path, "old\nnew 1\n\nnew 2\nnew 3\n").expect("writes");
        assert_eq!(tail(&path, 4, 2), ["new 2", "new 3"]);
        assert_eq!(tail(&path, 0, 9), ["old", "new 1", "new 2", "new 3"]);
        assert!(tail(&folder.path().join("none"), 0, 9).is_empty());
    }
}
