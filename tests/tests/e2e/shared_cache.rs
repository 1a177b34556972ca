//! Answers that daemons leave for each other in Redis: another daemon takes them, nothing old is taken
//! whatever befalls Redis, and nothing that somebody else put there.

use std::{collections::BTreeSet, sync::Barrier, thread};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    frame::FLAG_CACHED,
    model::{EntryKind, Id, ScopeRef},
    request::{EchoStored, GetContext},
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{Daemon, Instance, Wire, requests, until};

use crate::redis_events::{self, NOWHERE};

struct World {
    redis: Redis,
    one: Instance,
    other: Instance,
    project: Id,
    entry: Id,
    version: u32,
    asked: u32,
}

impl World {
    /// Two daemons and an entry.
    fn new(server: &Postgres, settings: &[(&str, &str)]) -> (Self, [Daemon; 2]) {
        let redis = Redis::start().expect("Redis");
        let mut one = redis_events::instance(server, &redis);
        for (setting, value) in settings {
            one = one.with(setting, value);
        }
        let other = one.another();
        let daemons = [one.start_daemon(), other.start_daemon()];
        let project = requests::new_id();
        let mut wire = one.connect();
        // A daemon that starts does not wait for long until its database is ready.
        until("the project is made", || {
            let created = wire.call(&requests::create_project(project, "p"));
            matches!(created, Response::Project(_)).then_some(())
        });
        let scope = ScopeRef::project(project);
        let entry = match wire.call(&requests::add_knowledge(scope, "n", "version-1 word")) {
            Response::Written(entry) => entry.id,
            other => panic!("{other:?}"),
        };
        (Self { redis, one, other, project, entry, version: 1, asked: 0 }, daemons)
    }

    fn scope(&self) -> ScopeRef {
        ScopeRef::project(self.project)
    }

    fn update(&mut self, wire: &mut Wire) {
        let content = format!("version-{} word", self.version + 1);
        let answer = wire.call(&requests::update_knowledge(self.entry, self.version, &content));
        assert!(matches!(answer, Response::Written(_)), "{answer:?}");
        self.version += 1;
    }

    /// A question that nobody asked yet; it is answered with the entry.
    fn question(&mut self) -> Request {
        self.question_of(search)
    }

    fn question_of(&mut self, kind: Kind) -> Request {
        self.asked += 1;
        kind(self.asked, self.scope())
    }

    /// The names of the keys of answers in Redis.
    fn keys(&self) -> BTreeSet<String> {
        let keys = self.redis.command(&["KEYS", "agentmem:cache:*"]).expect("an answer");
        keys.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Asks through a daemon until it leaves what it answers; returns that question and its key.
    fn leave(&mut self, wire: &mut Wire) -> (Request, String) {
        self.leave_of(search, wire)
    }

    /// A daemon leaves nothing just when it does not hear the others, which a busy machine is enough for. So
    /// another question is asked then: its own answer to this one it has for itself.
    fn leave_of(&mut self, kind: Kind, wire: &mut Wire) -> (Request, String) {
        until("an answer is left in Redis", || {
            let before = self.keys();
            let question = self.question_of(kind);
            let (version, _) = ask(wire, &question);
            assert_eq!(version, self.version);
            // It is stored after the answer.
            (0..20).find_map(|_| self.keys().difference(&before).next().cloned()).map(|key| (question, key))
        })
    }

    /// One daemon answers, and the other takes that.
    fn hand_over(&mut self, kind: Kind, writer: &mut Wire, reader: &mut Wire) {
        until("the other daemon takes what was left", || {
            let (question, _) = self.leave_of(kind, writer);
            let (_, first) = writer.exchange(&question, &Default::default()).expect("answered");
            let (flags, second) = reader.exchange(&question, &Default::default()).expect("answered");
            assert_eq!(first, second, "{question:?}");
            (flags & FLAG_CACHED != 0).then_some(())
        });
    }
}

/// Makes a question of a number, about a scope.
type Kind = fn(u32, ScopeRef) -> Request;

fn search(number: u32, scope: ScopeRef) -> Request {
    Request::Search(requests::search(&format!("word OR q{number}"), Some(scope)))
}

fn context(number: u32, scope: ScopeRef) -> Request {
    Request::GetContext(GetContext {
        scope,
        inherit: true,
        query: None,
        kinds: Vec::new(),
        budget_tokens: Some(1_000 + number),
        limit_per_kind: None,
    })
}

fn list(number: u32, scope: ScopeRef) -> Request {
    requests::list(EntryKind::Knowledge, scope, 2 + number % 90, 0)
}

/// The version of the entry that is answered, and whether it came from a cache.
fn ask(wire: &mut Wire, question: &Request) -> (u32, bool) {
    let (flags, answer) = wire.exchange(question, &Default::default()).expect("answered");
    let text = format!("{answer:?}");
    let (_, rest) = text.split_once("version-").unwrap_or_else(|| panic!("no entry: {text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().expect("a number"), flags & FLAG_CACHED != 0)
}

#[test]
fn what_one_daemon_answered_is_not_asked_of_the_database_again() {
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[]);
    let (mut writer, mut reader) = (world.one.connect(), world.other.connect());
    world.leave(&mut reader);
    let before = reader.health().redis.expect("it uses Redis").shared_cache;
    for kind in [search, context, list] {
        world.hand_over(kind, &mut writer, &mut reader);
    }
    let after = reader.health().redis.expect("it uses Redis").shared_cache;
    assert!(after.hits >= before.hits + 3, "{before:?}, {after:?}");
    // After a change they are asked anew, and left anew.
    for _ in 0..5 {
        let (old, _) = world.leave(&mut writer);
        world.update(&mut writer);
        let version = world.version;
        assert_eq!(ask(&mut writer, &old), (version, false));
        until("the other daemon heard of it", || (ask(&mut reader, &old).0 == version).then_some(()));
        world.leave(&mut reader);
        world.hand_over(search, &mut writer, &mut reader);
    }
}

#[test]
fn no_old_answer_is_taken_though_redis_was_away_when_it_became_old() {
    for listens in [true, false] {
        let server = Postgres::start().expect("a server");
        let settings: &[(&str, &str)] = if listens { &[] } else { &[("PG_EVENTS_URL", NOWHERE)] };
        let (mut world, _daemons) = World::new(&server, settings);
        let (mut writer, mut reader) = (world.one.connect(), world.other.connect());
        for round in 0..6 {
            world.leave(&mut reader);
            let old: Vec<Request> = (0..3).map(|_| world.leave(&mut writer).0).collect();
            let kept = world.keys();
            match round % 3 {
                0 => {}
                1 => world.redis.freeze().expect("frozen"),
                _ => drop(world.redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"])),
            }
            world.update(&mut writer);
            if round % 3 == 1 {
                // Without the database's own channel, a silence is noticed within this time.
                until("the change is seen", || (ask(&mut reader, &old[0]).0 == world.version).then_some(()));
                world.redis.go_on().expect("goes on");
            }
            // Until it has heard, it may take what was left before: that is the lag of an event.
            until("the change is seen", || (ask(&mut reader, &old[1]).0 == world.version).then_some(()));
            assert!(world.keys().is_superset(&kept), "the old answers are still there");
            world.leave(&mut reader);
            assert_eq!(ask(&mut reader, &old[2]).0, world.version, "listens {listens}, round {round}");
        }
    }
}

#[test]
fn redis_is_flushed_killed_and_frozen_and_every_answer_is_right() {
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[]);
    let (mut writer, mut reader) = (world.one.connect(), world.other.connect());
    for round in 0..3 {
        world.leave(&mut reader);
        let (left, _) = world.leave(&mut writer);
        match round {
            0 => world.redis.flush().expect("flushed"),
            1 => world.redis.freeze().expect("frozen"),
            _ => world.redis.kill().expect("killed"),
        }
        for _ in 0..5 {
            let question = world.question();
            assert_eq!(ask(&mut reader, &question).0, world.version);
            world.update(&mut writer);
            assert_eq!(ask(&mut writer, &question), (world.version, false));
            until("the change is seen", || (ask(&mut reader, &left).0 == world.version).then_some(()));
        }
        match round {
            0 => {}
            1 => world.redis.go_on().expect("goes on"),
            _ => world.redis.run().expect("is back"),
        }
    }
    world.leave(&mut reader);
    world.hand_over(search, &mut writer, &mut reader);
}

#[test]
fn what_somebody_else_put_there_is_no_answer() {
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[]);
    let (mut writer, mut reader) = (world.one.connect(), world.other.connect());
    world.leave(&mut reader);
    let (_, foreign) = world.leave(&mut writer);
    let huge = "x".repeat(60_000);
    for planted in 0..6 {
        let (question, key) = world.leave(&mut writer);
        let command = |arguments: &[&str]| world.redis.command(arguments).expect("done");
        match planted {
            0 => command(&["SET", &key, "garbage"]),
            1 => command(&["SET", &key, ""]),
            2 => command(&["COPY", &foreign, &key, "REPLACE"]),
            3 => command(&["SETRANGE", &key, "200", "????"]),
            4 => command(&["DEL", &key]) + &command(&["RPUSH", &key, "not", "a", "string"]),
            _ => (0..100).map(|n| command(&["SETRANGE", &key, &(n * 60_000).to_string(), &huge])).collect(),
        };
        assert_eq!(ask(&mut reader, &question), (world.version, false), "planted {planted}");
    }
    world.hand_over(search, &mut writer, &mut reader);
}

#[test]
fn a_hundred_who_ask_the_same_at_once_are_one_query() {
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[]);
    // Whatever a daemon hears of first, it has heard of.
    world.leave(&mut world.one.connect());
    until("events are heard", || {
        redis_events::health(&mut world.one.connect()).redis.events_heard.then_some(())
    });
    let question = world.question();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let waiting = || server.sql("postgres", count).expect("SQL runs").trim().to_owned();
    // One that cannot connect would be waited for by all the others for ever: all are connected before.
    let wires: Vec<Wire> = (0..100).map(|_| world.one.connect()).collect();
    let started = Barrier::new(wires.len() + 1);
    let fresh = thread::scope(|scope| {
        const LOCK: &str = "BEGIN; LOCK TABLE entries IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT";
        let locker = scope.spawn(|| server.sql("postgres", LOCK));
        let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'entries'::regclass";
        until("the table is locked", || (server.sql("postgres", held).ok()?.trim() == "1").then_some(()));
        let (started, question) = (&started, &question);
        let askers: Vec<_> = wires
            .into_iter()
            .map(|mut wire| {
                scope.spawn(move || {
                    started.wait();
                    ask(&mut wire, question)
                })
            })
            .collect();
        started.wait();
        until("one query waits", || (waiting() == "1").then_some(()));
        let answers: Vec<_> = askers.into_iter().map(|asker| asker.join().expect("answered")).collect();
        locker.join().expect("ends").expect("SQL runs");
        assert!(answers.iter().all(|(version, _)| *version == 1));
        answers.iter().filter(|(_, is_cached)| !is_cached).count()
    });
    assert_eq!(fresh, 1, "one asked the database, and all have its answer");
}

#[test]
fn a_database_that_comes_late_is_used_as_soon_as_it_is_ready() {
    let mut server = Postgres::start().expect("a server");
    let redis = Redis::start().expect("Redis");
    let instance = redis_events::instance(&server, &redis)
        .with("PG_EVENTS_URL", NOWHERE)
        .with("CB_FAILURE_THRESHOLD", 1)
        .with("CB_RESET_TIMEOUT_MS", 600_000);
    server.kill().expect("killed");
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let request = requests::list(EntryKind::Knowledge, ScopeRef::GLOBAL, 10, 0);
    assert!(matches!(wire.call(&request), Response::Error(_)));
    server.run().expect("it starts");
    until("it answers", || matches!(wire.call(&request), Response::Entries(_)).then_some(()));
}

#[test]
fn answers_expire_when_the_setting_says_and_none_are_left_where_it_is_zero() {
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[("REDIS_CACHE_TTL_MS", "60000")]);
    let mut writer = world.one.connect();
    let (_, key) = world.leave(&mut writer);
    let left: u64 = world.redis.command(&["PTTL", &key]).expect("an answer").parse().expect("a number");
    assert!((1..=60_000).contains(&left), "{left}");
    let server = Postgres::start().expect("a server");
    let (mut world, _daemons) = World::new(&server, &[("REDIS_CACHE_TTL_MS", "0")]);
    let mut writer = world.one.connect();
    until("many were asked", || {
        let question = world.question();
        ask(&mut writer, &question);
        (world.asked > 200).then_some(())
    });
    assert_eq!(world.keys(), BTreeSet::new());
}

#[test]
fn what_who_measures_put_into_redis_is_echoed_as_it_is() {
    let server = Postgres::start().expect("a server");
    let (world, _daemons) = World::new(&server, &[]);
    world.redis.command(&["SET", "agentmem:floor:list-7", "some bytes"]).expect("set");
    let echo = |name: &str| Request::EchoStored(EchoStored { name: name.to_owned() });
    let mut wire = world.one.connect();
    assert_eq!(wire.call(&echo("list-7")), Response::Echo(b"some bytes".to_vec()));
    assert_eq!(wire.refused(&echo("list-8")).code, ErrorCode::NotFound);
    for wrong in ["", "a:b", &"a".repeat(65)] {
        let error = wire.refused(&echo(wrong));
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidParameter, Some("name")));
    }
    let alone = Instance::new();
    let _daemon = alone.start_daemon();
    assert_eq!(alone.connect().refused(&echo("list-7")).code, ErrorCode::Unavailable);
}
