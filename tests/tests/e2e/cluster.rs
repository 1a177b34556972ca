//! Three daemons, twelve agents with a bridge each, one PostgreSQL, one Redis, and everything but the
//! agents dies in turn. What the agents saw is recorded and checked: nothing acknowledged is lost or there
//! twice, nothing old is answered, no file has two owners.
//! `AGENT_MEMORY_CLUSTER_SECONDS` sets for how long (8; scripts/campaign-cluster: 60).

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Response,
    model::{EntryKind, Id, ScopeRef},
};
use agent_memory_testbed::{Postgres, PostgresOptions, Redis};
use agent_memory_tests::{
    Bridge, Instance, StopOnDrop, from_environment,
    history::{self, Did, End, Held, Outcome},
    requests, titles, until, until_within,
};
use serde_json::{Value, json};

use crate::postgres_faults::impatient;

const DAEMONS: usize = 3;
const AGENTS: usize = 12;
const FILES: usize = 4;
const LOCK_S: u64 = 5;
/// The longest that an answer may be old: a Redis or a daemon that fell silent without its connection
/// breaking is noticed after 1.5 s, and requests that were under way then are answered.
const LAG_MAX: Duration = Duration::from_millis(2_500);
/// An agent that is refused waits before it asks again as it is told, but no longer than this.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// For how long a server is frozen.
const FREEZE: Duration = Duration::from_millis(1_200);

struct Cluster {
    server: Postgres,
    redis: Redis,
    instances: Vec<Instance>,
}

/// What the agents share.
struct Load {
    /// The project of each register.
    registers: Vec<Id>,
    project: Id,
    stop: AtomicBool,
    done: AtomicUsize,
    refused: AtomicUsize,
    history: Mutex<Vec<Did>>,
}

impl Cluster {
    fn start() -> Self {
        let options = PostgresOptions::default().set("fsync", "on");
        let server = Postgres::start_with(options).expect("a server");
        let redis = Redis::start().expect("Redis");
        let first = impatient(&server.url("postgres"))
            .with_redis_at(&redis.url())
            .with("REDIS_RESPONSE_TIMEOUT_MS", 300);
        let others: Vec<Instance> = (1..DAEMONS).map(|_| first.another()).collect();
        Self { server, redis, instances: std::iter::once(first).chain(others).collect() }
    }

    /// Does the next harm, and mends it.
    fn harm(&mut self, round: usize) -> &'static str {
        match round % 7 {
            0 => {
                self.server.kill().expect("it is killed");
                self.server.run().expect("it starts again");
                "PostgreSQL was killed"
            }
            1 => {
                self.redis.kill().expect("it is killed");
                thread::park_timeout(FREEZE);
                self.redis.run().expect("it starts again");
                "Redis was killed, and came back empty"
            }
            2 => {
                // Its bridges start another one.
                self.instances[round % DAEMONS].kill_daemon();
                "a daemon was killed"
            }
            3 => {
                self.redis.freeze().expect("it is frozen");
                thread::park_timeout(FREEZE);
                self.redis.go_on().expect("it goes on");
                "Redis was frozen"
            }
            4 => {
                self.redis.flush().expect("it is flushed");
                "Redis was flushed"
            }
            5 => {
                self.server.freeze().expect("it is frozen");
                thread::park_timeout(FREEZE);
                self.server.go_on().expect("it goes on");
                "PostgreSQL was frozen"
            }
            _ => {
                let ended = self.instances[(round / 7) % DAEMONS].run(["daemon", "stop"]);
                assert_eq!(ended.code, 0, "{ended:?}");
                "a daemon was stopped"
            }
        }
    }

    /// What is in the store, as each of the daemons says.
    fn ends(&self, load: &Load) -> Vec<End> {
        let of = |instance: &Instance| {
            let mut wire =
                until("a daemon answers", || instance.probe().map(|_| instance.connect_unlimited()));
            let version = |register: usize, wire: &mut agent_memory_tests::Wire| {
                let request = requests::get_by_name(
                    EntryKind::Knowledge,
                    ScopeRef::project(load.registers[register]),
                    &name_of(register),
                );
                until("the register can be read", || match wire.call(&request) {
                    Response::Entry(entry) => Some(entry.version.number),
                    _ => None,
                })
            };
            let versions = (0..AGENTS).map(|register| version(register, &mut wire)).collect();
            End { versions, titles: titles(&mut wire, load.project) }
        };
        self.instances.iter().map(of).collect()
    }
}

impl Load {
    fn new(instance: &Instance) -> Self {
        let load = Self {
            registers: (0..AGENTS).map(|_| requests::new_id()).collect(),
            project: requests::new_id(),
            stop: AtomicBool::new(false),
            done: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            history: Mutex::default(),
        };
        let mut wire = instance.connect();
        for &project in load.registers.iter().chain([&load.project]) {
            let created = wire.call(&requests::create_project(project, &project.to_string()));
            assert!(matches!(created, Response::Project(_)), "{created:?}");
        }
        load
    }

    fn note(&self, did: Did) {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).push(did);
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until so many operations more have gone well.
    fn await_done(&self, more: usize) {
        let goal = self.done.load(Ordering::SeqCst) + more;
        until_within(Duration::from_secs(120), &format!("{more} more operations go well"), || {
            (self.done.load(Ordering::SeqCst) >= goal).then_some(())
        });
    }
}

fn name_of(register: usize) -> String {
    format!("register {register}")
}

/// An agent: its bridge, and what it does all the time.
struct Agent<'a> {
    load: &'a Load,
    number: usize,
    bridge: Bridge,
    /// The id of the register that it changes.
    register: String,
}

impl<'a> Agent<'a> {
    fn start(load: &'a Load, instance: &Instance, number: usize) -> Self {
        let mut bridge = Bridge::start(instance, &format!("agent-{number}"));
        let add = json!({
            "action": "add", "scopeType": "project", "scopeId": load.registers[number].to_string(),
            "title": name_of(number), "content": "0",
        });
        let added = bridge.call_ok("memory_knowledge", &add);
        let register = added["structuredContent"]["knowledge"]["id"].as_str().expect("an id").to_owned();
        Self { load, number, bridge, register }
    }

    fn work(mut self) {
        for round in 0.. {
            if self.load.stop.load(Ordering::SeqCst) {
                return;
            }
            match round % 6 {
                0 => self.add(round),
                1 => self.update(round),
                2 => self.lock(round),
                // All ask for the same about the same time.
                3 => self.list(round / 6 % AGENTS),
                _ => self.read((round + self.number * 5) % AGENTS),
            }
        }
    }

    /// The answer, or what the refusal says; then a pause, as told.
    fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, String> {
        let result = self.bridge.call(tool, arguments);
        if result["isError"] != json!(true) {
            return Ok(result);
        }
        let error = &result["structuredContent"]["error"];
        assert!(!error.to_string().contains("crashed"), "a bug of the daemon: {result}");
        self.load.refused.fetch_add(1, Ordering::SeqCst);
        let pause = error["retryAfterMs"].as_u64().map_or(PAUSE_MAX, Duration::from_millis);
        thread::park_timeout(pause.min(PAUSE_MAX));
        Err(result.to_string())
    }

    fn add(&mut self, round: usize) {
        let title = format!("a{} n{round}", self.number);
        let add = json!({
            "action": "add", "scopeType": "project", "scopeId": self.load.project.to_string(),
            "title": title, "content": "text",
        });
        let outcome = match self.call("memory_knowledge", &add) {
            Ok(_) => Outcome::Acknowledged,
            Err(text) if text.contains("Nothing was stored") => Outcome::Denied,
            Err(text) => {
                assert!(!text.contains("E2001"), "a repeated write was applied twice: {text}");
                Outcome::Unknown
            }
        };
        self.load.note(Did::Add { title, outcome });
    }

    fn update(&mut self, round: usize) {
        let update = json!({ "action": "update", "id": self.register, "content": round.to_string() });
        let version = match self.call("memory_knowledge", &update) {
            Ok(answer) => Some(version(&answer["structuredContent"]["knowledge"])),
            Err(text) if text.contains("Nothing was stored") => return,
            Err(_) => None,
        };
        self.load.note(Did::Update { register: self.number, told: Instant::now(), version });
    }

    /// Reads a register by its name.
    fn read(&mut self, register: usize) {
        self.ask(register, "get", "title", &json!(name_of(register)), |knowledge| knowledge);
    }

    /// Reads a register by the list of its project, which daemons leave for each other.
    fn list(&mut self, register: usize) {
        self.ask(register, "list", "limit", &json!(5), |knowledge| &knowledge[0]);
    }

    fn ask(
        &mut self,
        register: usize,
        action: &str,
        field: &str,
        value: &Value,
        entry: fn(&Value) -> &Value,
    ) {
        let question = json!({
            "action": action, "scopeType": "project", "scopeId": self.load.registers[register].to_string(),
            field: value,
        });
        let asked = Instant::now();
        // An answer that says how old it is does not pretend to be new.
        if let Ok(answer) = self.call("memory_knowledge", &question)
            && answer["structuredContent"].get("degraded").is_none()
        {
            let text = answer["content"][0]["text"].as_str().expect("a text");
            let content = text.rsplit_once("> ").expect("a quotation").1.trim().to_owned();
            let version = version(entry(&answer["structuredContent"]["knowledge"]));
            self.load.note(Did::Read { register, asked, version, content });
        }
    }

    fn lock(&mut self, round: usize) {
        let file = (round / 6 * 7 + self.number) % FILES;
        let path = format!("/src/{file}.rs");
        let wait_ms = if round.is_multiple_of(4) { 0 } else { 500 };
        let checkout = json!({
            "action": "checkout", "file_path": path, "expires_in": LOCK_S, "wait_ms": wait_ms,
        });
        let asked = Instant::now();
        let Ok(answer) = self.call("memory_file_lock", &checkout) else { return };
        let from = Instant::now();
        let token = answer["structuredContent"]["lock"]["token"].as_u64().expect("a token");
        // The daemon began to count no sooner than it was asked.
        let until = Instant::now().min(asked + Duration::from_secs(LOCK_S));
        if from < until {
            self.load.note(Did::Hold(Held { file, token, agent: self.number, from, until }));
        }
        let checkin = json!({ "action": "checkin", "file_path": path, "token": token });
        let _ = self.call("memory_file_lock", &checkin);
    }
}

fn version(knowledge: &Value) -> u32 {
    let number = knowledge["currentVersion"]["versionNum"].as_u64();
    u32::try_from(number.unwrap_or_else(|| panic!("no version in {knowledge}"))).expect("few versions")
}

#[test]
fn nothing_is_lost_doubled_old_or_owned_twice_while_everything_dies_in_turn() {
    let seconds: u64 = from_environment("AGENT_MEMORY_CLUSTER_SECONDS", 8);
    let mut cluster = Cluster::start();
    // They are started by the bridges, and again when they have died.
    let started = cluster.instances[0].run(["daemon", "start"]);
    assert_eq!(started.code, 0, "{started:?}");
    let load = Load::new(&cluster.instances[0]);
    let mut harms: BTreeMap<&str, usize> = BTreeMap::new();
    let agents: Vec<Agent<'_>> =
        (0..AGENTS).map(|number| Agent::start(&load, &cluster.instances[number % DAEMONS], number)).collect();
    thread::scope(|scope| {
        let _stop = StopOnDrop(&load.stop);
        for agent in agents {
            scope.spawn(move || agent.work());
        }
        let end = Instant::now() + Duration::from_secs(seconds);
        for round in (0..).take_while(|_| Instant::now() < end) {
            load.await_done(150);
            *harms.entry(cluster.harm(round)).or_default() += 1;
            load.await_done(150);
        }
    });
    let ends = cluster.ends(&load);
    let shared: Vec<_> = cluster.instances.iter().map(|one| one.connect_unlimited().health().redis).collect();
    let shared: Vec<_> = shared.into_iter().flatten().map(|redis| redis.shared_cache).collect();
    let history = load.history.into_inner().unwrap_or_else(PoisonError::into_inner);
    let report = history::check(&history, &ends, LAG_MAX);
    println!(
        "{seconds} s, {DAEMONS} daemons, {AGENTS} bridges, harms {harms:?}, {} refusals, since each daemon's start \
         {shared:?}: {report}",
        load.refused.load(Ordering::SeqCst)
    );
    assert!(report.violations.is_empty(), "{report}");
}
