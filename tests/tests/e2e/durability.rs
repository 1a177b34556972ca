//! The first promise: an acknowledged write is never lost, whatever dies; and none is there twice.
//! `AGENT_MEMORY_KILL_ROUNDS` sets how often the daemon is killed (3; scripts/campaign-kill: 50).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use agent_memory_proto::{
    Response,
    model::{Id, ScopeRef},
    request::Envelope,
};
use agent_memory_tests::{
    Backend, Daemon, Exit, Instance, check_audit, from_environment, on_every_backend, requests, titles, until,
};
use rusqlite::{Connection, OpenFlags};

const WRITERS: usize = 8;
const IN_FLIGHT: usize = 8;

/// What the writers know: every title they sent, its key, and whether it was acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    sent: Mutex<BTreeMap<String, (Id, Option<Response>)>>,
    acknowledged: AtomicUsize,
}

impl Ledger {
    fn sent(&self, title: &str, key: Id) {
        self.sent.lock().expect("no writer panicked").insert(title.to_owned(), (key, None));
    }

    fn acknowledged(&self, title: &str, answer: Response) {
        self.sent.lock().expect("no writer panicked").get_mut(title).expect("it was sent").1 = Some(answer);
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }
}

/// Writers, and the daemon they write to.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    instance: &'a Instance,
    daemon: Daemon,
    project: Id,
    round: usize,
    ledger: Arc<Ledger>,
}

impl<'a> Load<'a> {
    pub(crate) fn start(instance: &'a Instance, round: usize) -> Self {
        let daemon = instance.start_daemon();
        let project = requests::new_id();
        instance.connect().call(&requests::create_project(project, &format!("round {round}")));
        Self { instance, daemon, project, round, ledger: Arc::default() }
    }

    /// Writes with all writers; kills the daemon in the middle, once so many are acknowledged.
    fn kill_after(&mut self, count: usize) {
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (instance, project, round, ledger) =
                    (self.instance, self.project, self.round, Arc::clone(&self.ledger));
                scope.spawn(move || {
                    write(instance, project, &format!("k{round} w{writer}"), usize::MAX, &ledger)
                });
            }
            until("enough is acknowledged", || {
                (self.ledger.acknowledged.load(Ordering::SeqCst) >= count).then_some(())
            });
            assert_eq!(self.daemon.kill(), Exit::Signal(9));
        });
    }

    pub(crate) fn run_until_acknowledged(&mut self, count: usize) {
        write(self.instance, self.project, &format!("k{} w0", self.round), count, &self.ledger);
    }

    pub(crate) fn stop_daemon(&mut self) {
        assert_eq!(self.daemon.stop(), Exit::Code(0), "{}", self.daemon.log());
    }

    /// Starts the daemon again and sends every write once more, under its old key.
    pub(crate) fn restart_and_repeat(&mut self) {
        check_integrity(self.instance);
        self.daemon = self.instance.start_daemon();
        let mut wire = self.instance.connect();
        let sent = self.ledger.sent.lock().expect("no writer panicked").clone();
        for (title, (key, earlier)) in sent {
            let add = requests::add_knowledge(ScopeRef::project(self.project), &title, "text");
            let (_, answer) = wire.write(&add, key).expect("answered");
            assert!(matches!(answer, Response::Written(_)), "{title}: {answer:?}");
            if let Some(earlier) = earlier {
                assert_eq!(answer, earlier, "{title} was answered differently the second time");
            }
        }
    }

    /// Every title that was ever sent is there, exactly once.
    pub(crate) fn check(&self) {
        let stored = stored_titles(self.instance, self.project);
        check_audit(&mut self.instance.connect_unlimited(), self.project);
        let distinct: BTreeSet<&String> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "a write was applied twice");
        let sent = self.ledger.sent.lock().expect("no writer panicked");
        let lost: Vec<_> = sent.keys().filter(|title| !distinct.contains(title)).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        assert_eq!(stored.len(), sent.len(), "something is there that nobody wrote");
    }

    /// Before anything is repeated: what was acknowledged is there.
    fn check_acknowledged(&self) {
        let stored: BTreeSet<String> = stored_titles(self.instance, self.project).into_iter().collect();
        let sent = self.ledger.sent.lock().expect("no writer panicked");
        let lost: Vec<_> =
            sent.iter().filter(|(title, (_, answer))| answer.is_some() && !stored.contains(*title)).collect();
        assert!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
        check_audit(&mut self.instance.connect_unlimited(), self.project);
    }
}

/// Writes titles that start with `prefix` until `count` are acknowledged or the daemon is gone.
fn write(instance: &Instance, project: Id, prefix: &str, count: usize, ledger: &Ledger) {
    let mut wire = instance.connect();
    let mut acknowledged = 0;
    for round in 0.. {
        let mut waiting = Vec::new();
        for n in 0..IN_FLIGHT {
            let title = format!("{prefix} r{round} n{n}");
            let key = requests::new_id();
            let add = requests::add_knowledge(ScopeRef::project(project), &title, "text");
            ledger.sent(&title, key);
            let envelope = Envelope { idempotency_key: Some(key), ..Envelope::default() };
            let Ok(id) = wire.send(&add, &envelope) else { return };
            waiting.push((id, title));
        }
        for (id, title) in waiting {
            let Ok((_, answer)) = wire.answer(id) else { return };
            assert!(matches!(answer, Response::Written(_)), "{title}: {answer:?}");
            ledger.acknowledged(&title, answer);
            acknowledged += 1;
        }
        if acknowledged >= count {
            return;
        }
    }
}

/// The titles of all knowledge in a project.
pub(crate) fn stored_titles(instance: &Instance, project: Id) -> Vec<String> {
    titles(&mut instance.connect_unlimited(), project)
}

/// The database as SQLite sees it, while no daemon runs; a server looks after its own.
pub(crate) fn check_integrity(instance: &Instance) {
    let Some(database) = instance.database() else { return };
    let database =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the database opens");
    let verdict: String =
        database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("the check runs");
    assert_eq!(verdict, "ok");
    let mut check = database.prepare("PRAGMA foreign_key_check").expect("the check runs");
    assert!(!check.exists([]).expect("the check runs"), "a reference leads nowhere");
}

fn rounds() -> usize {
    from_environment("AGENT_MEMORY_KILL_ROUNDS", 3)
}

fn kill_in_the_middle_of_load_loses_nothing_acknowledged(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let rounds = match backend {
        Backend::Sqlite => rounds(),
        // Each takes ten times as long here; what is special is tested in `postgres_kills`.
        Backend::Postgres | Backend::PostgresRedis => rounds().div_ceil(10),
    };
    let mut total = 0;
    for round in 0..rounds {
        let mut load = Load::start(&instance, round);
        // A different moment each time, without chance: the same run can be repeated.
        load.kill_after(40 + 97 * round % 400);
        check_integrity(&instance);
        let acknowledged = load.ledger.acknowledged.load(Ordering::SeqCst);
        load.daemon = instance.start_daemon();
        load.check_acknowledged();
        assert_eq!(load.daemon.kill(), Exit::Signal(9));
        load.restart_and_repeat();
        load.check();
        let sent = load.ledger.sent.lock().expect("no writer panicked").len();
        println!(
            "round {round}: killed after {acknowledged} acknowledged of {sent} sent; none lost, none twice"
        );
        total += acknowledged;
    }
    println!("{rounds} rounds, {total} acknowledged writes, 0 lost, 0 twice, integrity ok");
}

on_every_backend!(kill_in_the_middle_of_load_loses_nothing_acknowledged,);
