//! A daemon process of a test: its signals, its end, its log.

use std::{
    fs::File,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::until;

/// A running daemon. Killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
    exit: Option<Exit>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Self::Code(code),
            None => Self::Signal(status.signal().unwrap_or_default()),
        }
    }
}

impl Daemon {
    /// Starts a process that is a daemon or becomes one, with its log in `root`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(mut command: Command, root: &Path) -> Self {
        let log = (0..)
            .map(|number| root.join(format!("daemon-{number}.log")))
            .find(|path| !path.exists())
            .expect("numbers do not run out");
        let file = File::create(&log).expect("a log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the daemon's executable starts");
        Self { child, log, exit: None }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // A process that has ended already is no failure of the sender.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Ends it without a chance to say goodbye.
    pub fn kill(&mut self) -> Exit {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// Asks it to stop and waits for that.
    pub fn stop(&mut self) -> Exit {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// How it ended, if it did.
    pub fn exited(&mut self) -> Option<Exit> {
        if self.exit.is_none() {
            self.exit = self.child.try_wait().expect("a child can be waited for").map(Exit::from);
        }
        self.exit
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Exit {
        until("the daemon ends", || self.exited())
    }

    /// Waits until its log contains `text`.
    pub fn wait_for_log(&self, text: &str) -> String {
        until(&format!("the daemon logs {text:?}"), || Some(self.log()).filter(|log| log.contains(text)))
    }

    /// Its resident memory, in bytes.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("it runs");
        let line =
            status.lines().find(|line| line.starts_with("VmRSS:")).expect("a running process has memory");
        let kilobytes: u64 =
            line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
        kilobytes * 1_024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.exited().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("log of the daemon {}:\n{}", self.child.id(), self.log());
        }
    }
}

/// Kills a process that is no child of ours.
pub(crate) fn kill(process_id: u32) {
    if let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}
