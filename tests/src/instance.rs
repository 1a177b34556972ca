//! A private instance: data directory, socket and settings of one test, which no other test and no
//! user's own daemon can meet, and which leaves no process behind.

use std::{
    collections::BTreeMap,
    fmt::Display,
    path::{Path, PathBuf},
    process::Command,
};

use agent_memory_client::Locations;
use agent_memory_proto::handshake::{Purpose, Welcome};
use agent_memory_testbed::{Postgres, Redis};
use tempfile::TempDir;

use crate::{
    daemon::{self, Daemon},
    executables::{CLIENT, DAEMON, executable},
    wait::until,
    wire::{Hello, Wire},
};

/// Directories and settings of one test.
#[derive(Debug)]
pub struct Instance {
    directory: TempDir,
    data_dir: PathBuf,
    settings: BTreeMap<String, String>,
    /// The servers that end with this instance.
    servers: (Option<Postgres>, Option<Redis>),
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

impl Instance {
    /// An instance with no settings but those that keep it private. Nothing is started.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    #[must_use]
    pub fn new() -> Self {
        // Not TMPDIR: a socket's path must be short.
        let directory = tempfile::Builder::new().prefix("am-").tempdir_in("/tmp").expect("a directory");
        let data_dir = directory.path().join("data");
        Self { directory, data_dir, settings: BTreeMap::new(), servers: (None, None) }
    }

    /// The same with one more setting, named without its prefix.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Display) -> Self {
        self.settings.insert(format!("AGENT_MEMORY_{setting}"), value.to_string());
        self
    }

    /// The same without rate limits.
    #[must_use]
    pub fn without_rate_limits(self) -> Self {
        self.with("RATE_LIMIT", 0)
    }

    /// The same with its data elsewhere, as on a small file system.
    #[must_use]
    pub fn with_data_dir(mut self, data_dir: impl Into<PathBuf>) -> Self {
        self.data_dir = data_dir.into();
        self
    }

    /// The same with its store in a database of PostgreSQL. Agents may do there what they may elsewhere: tests
    /// that are about permissions say otherwise before or after.
    #[must_use]
    pub fn with_database(mut self, url: &str) -> Self {
        const MODE: &str = "AGENT_MEMORY_PERMISSIONS_MODE";
        self.settings.entry(MODE.to_owned()).or_insert_with(|| "permissive".to_owned());
        self.with("DB_TYPE", "postgresql").with("PG_URL", url)
    }

    /// The same without a setting, named without its prefix.
    #[must_use]
    pub fn without(mut self, setting: &str) -> Self {
        self.settings.remove(&format!("AGENT_MEMORY_{setting}"));
        self
    }

    /// The same with its store on a server that ends with it.
    #[must_use]
    pub fn with_server(mut self, server: Postgres) -> Self {
        self = self.with_database(&server.url("postgres"));
        self.servers.0 = Some(server);
        self
    }

    /// The same with the caches, events and limits that daemons share in a Redis.
    #[must_use]
    pub fn with_redis_at(self, url: &str) -> Self {
        self.with("REDIS_ENABLED", true).with("REDIS_URL", url)
    }

    /// The same with a Redis that ends with it.
    #[must_use]
    pub fn with_redis(mut self, redis: Redis) -> Self {
        self = self.with_redis_at(&redis.url());
        self.servers.1 = Some(redis);
        self
    }

    /// Another one with the same settings and its own data directory and socket: as another machine
    /// that shares the database. The servers end with the first.
    #[must_use]
    pub fn another(&self) -> Self {
        let mut other = Self::new();
        other.settings.clone_from(&self.settings);
        other
    }

    /// A directory of this test alone.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The database file, where the store is one.
    #[must_use]
    pub fn database(&self) -> Option<PathBuf> {
        (!self.settings.contains_key("AGENT_MEMORY_PG_URL")).then(|| self.data_dir.join("memory.db"))
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.root().join("run").join("s")
    }

    /// Where the client library finds the daemon of this instance.
    ///
    /// # Panics
    /// When the library takes no such paths.
    #[must_use]
    pub fn locations(&self) -> Locations {
        Locations::resolve(Some(&self.data_dir), Some(&self.socket())).expect("resolves")
    }

    /// The environment of every process of this instance: nothing of the test's own but the path.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let text = |path: &Path| path.to_str().expect("a path of ASCII").to_owned();
        let mut variables = BTreeMap::from([
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".to_owned(), text(self.root())),
            ("AGENT_MEMORY_DATA_DIR".to_owned(), text(&self.data_dir)),
            ("AGENT_MEMORY_SOCKET".to_owned(), text(&self.socket())),
            ("AGENT_MEMORY_DAEMON".to_owned(), text(&executable(DAEMON))),
        ]);
        variables.extend(self.settings.clone());
        variables
    }

    /// A command in this instance's environment and directory.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment()).current_dir(self.root());
        command
    }

    /// The client's command line.
    #[must_use]
    pub fn client_command<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Command {
        let mut command = self.command(executable(CLIENT));
        command.args(arguments);
        command
    }

    /// Starts the daemon and waits until it answers a handshake.
    ///
    /// # Panics
    /// When it ends instead; the message has its log.
    #[must_use]
    pub fn start_daemon(&self) -> Daemon {
        self.await_ready(self.spawn_daemon())
    }

    /// Starts the daemon and does not wait.
    #[must_use]
    pub fn spawn_daemon(&self) -> Daemon {
        Daemon::spawn(self.command(executable(DAEMON)), self.root())
    }

    /// Starts the daemon the way that clients do, and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    #[must_use]
    pub fn start_daemon_as_clients_do(&self) -> Daemon {
        let mut command = self.command(executable(DAEMON));
        command.arg("--started-by-client");
        self.await_ready(Daemon::spawn(command, self.root()))
    }

    /// Waits until a daemon that was just spawned answers, and can use a server that is the instance's own.
    ///
    /// # Panics
    /// When it ends instead; the message has its log.
    #[must_use]
    pub fn await_ready(&self, mut daemon: Daemon) -> Daemon {
        until("the daemon answers", || {
            assert!(daemon.exited().is_none(), "the daemon ended at once:\n{}", daemon.log());
            self.probe().filter(|welcome| welcome.process_id == daemon.id())
        });
        // One that starts waits for 2 s only, which a busy machine may need to make the tables.
        if self.servers.0.is_some() && daemon.log().contains("the database cannot be used yet") {
            daemon.wait_for_log("the database was reached");
        }
        daemon
    }

    /// Who answers on the socket, if anybody does.
    #[must_use]
    pub fn probe(&self) -> Option<Welcome> {
        probe_at(&self.socket())
    }

    /// Kills the daemon that answers, whoever started it; waits for one to answer first.
    pub fn kill_daemon(&self) {
        daemon::kill(until("a daemon answers", || self.probe()).process_id);
    }

    /// A connection, spoken by hand.
    ///
    /// # Panics
    /// When the daemon does not accept it.
    #[must_use]
    pub fn connect(&self) -> Wire {
        Wire::open(&self.socket(), &Hello::new(Purpose::Library)).expect("the daemon accepts a connection")
    }

    /// A connection for which the rate limits are lifted.
    ///
    /// # Panics
    /// When the daemon does not accept it.
    #[must_use]
    pub fn connect_unlimited(&self) -> Wire {
        Wire::open(&self.socket(), &Hello::new(Purpose::Benchmark).unlimited())
            .expect("the daemon accepts a connection")
    }
}

impl Instance {
    /// Where a daemon of this instance may answer: on its socket, and on that of the default data
    /// directory, which clients use whose agent passed on nothing of the environment but `HOME`.
    fn sockets(&self) -> Vec<PathBuf> {
        let lock = self.root().join(".local/share/agent-memory/daemon.lock");
        let holder = std::fs::read_to_string(lock).unwrap_or_default();
        let elsewhere = holder.trim().split_once("socket ").map(|(_, socket)| PathBuf::from(socket));
        [Some(self.socket()), elsewhere].into_iter().flatten().collect()
    }
}

impl Drop for Instance {
    /// Ends the daemons that clients started, if any runs: the handshake tells the process id.
    fn drop(&mut self) {
        for socket in self.sockets() {
            while let Some(welcome) = probe_at(&socket) {
                daemon::kill(welcome.process_id);
                if std::thread::panicking() {
                    return;
                }
                until("the daemon is gone", || {
                    probe_at(&socket).is_none_or(|now| now.process_id != welcome.process_id).then_some(())
                });
            }
        }
    }
}

fn probe_at(socket: &Path) -> Option<Welcome> {
    Wire::greet(socket, &Hello::new(Purpose::Probe)).ok().map(|(_, welcome)| welcome)
}
