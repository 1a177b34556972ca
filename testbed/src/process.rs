//! Server processes: started, their log collected, ended with whoever started them.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};

/// Servers that refuse to run as root run as this user.
pub(crate) const SERVER_USER: &str = "postgres";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Behind a lock only so that tests can share a server between threads.
    lines: Mutex<Receiver<String>>,
    log: Arc<Mutex<String>>,
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs as another user when this is root, and that gets `SIGQUIT` when the thread
/// that started it ends.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    // A shell has what it starts in the background ignore this signal, and so would the server.
    let mut command = Command::new("env");
    command.args(["--default-signal=QUIT", "setpriv"]);
    if is_root() {
        command.args(["--reuid", SERVER_USER, "--regid", SERVER_USER, "--init-groups"]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program);
    command
}

impl Server {
    /// Starts it and waits for the line of its log that says it is ready.
    pub(crate) fn start(mut command: Command, ready: &str, patience: Duration) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let stderr = child.stderr.take().context("a server has a log")?;
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = channel();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
                drop(log);
                if sender.send(line).is_err() {
                    // Nobody waits for a line any more; the log is still kept.
                }
            }
        });
        let mut server = Self { child, lines: Mutex::new(lines), log };
        server.wait_for_line(ready, patience)?;
        Ok(server)
    }

    /// Waits for a line of the log that was not waited for before.
    pub(crate) fn wait_for_line(&mut self, part: &str, patience: Duration) -> Result<()> {
        let end = Instant::now() + patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let lines = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
            match lines.recv_timeout(left) {
                Ok(line) if line.contains(part) => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("no {part:?} in time; its log: {}", self.log()),
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait()?;
                    bail!("the server ended ({status}) before {part:?}; its log: {}", self.log());
                }
            }
        }
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Kills it together with every process that it started, and waits for the end of all of them.
    pub(crate) fn kill_all(mut self) -> Result<()> {
        // Stopped, it does not see its children die and starts no others.
        self.signal(Signal::STOP)?;
        let children = children_of(self.child.id());
        let watched: Vec<_> =
            children.iter().filter_map(|child| pidfd_open(*child, PidfdFlags::empty()).ok()).collect();
        self.signal(Signal::KILL)?;
        for child in children {
            // One that has ended by itself meanwhile is as good as killed.
            let _ = kill_process(child, Signal::KILL);
        }
        for process in &watched {
            poll(&mut [PollFd::new(process, PollFlags::IN)], None)?;
        }
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }
}

/// The processes that a process started and that have not ended.
fn children_of(parent: u32) -> Vec<Pid> {
    let parent = format!("PPid:\t{parent}");
    let of_parent = |name: &str| {
        let status = std::fs::read_to_string(format!("/proc/{name}/status")).ok()?;
        status.lines().any(|line| line == parent).then(|| Pid::from_raw(name.parse().ok()?))?
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| of_parent(entry.file_name().to_str()?)).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        // A stopped process would not see the other signal.
        let _ = self.signal(Signal::CONT);
        let _ = self.signal(Signal::QUIT);
        let _ = self.child.wait();
    }
}
