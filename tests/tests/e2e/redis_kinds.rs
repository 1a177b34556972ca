//! Daemons that share Redis of each kind: when its master is lost, events, rate limits, shared answers and
//! the locks that it shows go on through the server that takes its place; nothing old is answered meanwhile,
//! and no file has two owners.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    frame::FLAG_CACHED,
    handshake::Purpose,
    model::{EntryKind, Id, ScopeRef},
    response::{HealthStatus, RedisReport},
};
use agent_memory_testbed::{Postgres, Redis, RedisCluster, RedisSentinels};
use agent_memory_tests::{Bridge, Daemon, Hello, Instance, Wire, requests, until};
use serde_json::json;

use crate::{
    file_locks::{checkin, checkout, granted, status},
    redis_events::{NOWHERE, SILENCE_MAX},
    shared_database::{add, read, update},
    shared_locks::{shown, waits},
};

const HOUR_MS: u64 = 3_600_000;
const LIMIT: u32 = 50;

/// Redis of a kind.
trait Servers {
    fn settings(&self) -> Vec<(&'static str, String)>;
    /// The server that has a key.
    fn at(&mut self, key: &str) -> &mut Redis;
}

impl Servers for RedisSentinels {
    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("REDIS_SENTINELS", self.addresses())]
    }

    fn at(&mut self, _: &str) -> &mut Redis {
        self.master().expect("a master")
    }
}

impl Servers for RedisCluster {
    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![("REDIS_CLUSTER", "1".to_owned()), ("REDIS_CLUSTER_NODES", self.addresses())]
    }

    fn at(&mut self, key: &str) -> &mut Redis {
        self.master_of(key).expect("a master")
    }
}

/// Two daemons that hear of each other through Redis alone, and share its rate limits.
struct Pair {
    one: Instance,
    other: Instance,
    writer: Wire,
    reader: Wire,
    entry: Id,
    version: u32,
    asked: u32,
    _daemons: [Daemon; 2],
    _postgres: Postgres,
}

impl Pair {
    fn start(redis: &[(&str, String)]) -> Self {
        let postgres = Postgres::start().expect("a server");
        let mut one = Instance::new()
            .with_database(&postgres.url("postgres"))
            .with("PG_EVENTS_URL", NOWHERE)
            .with("RATE_LIMIT_PER_AGENT_MAX", LIMIT)
            .with("RATE_LIMIT_PER_AGENT_WINDOW_MS", HOUR_MS)
            .with("REDIS_ENABLED", 1);
        for (name, value) in redis {
            one = one.with(name, value);
        }
        let other = one.another();
        let daemons = [one.start_daemon(), other.start_daemon()];
        let (mut writer, reader) = (one.connect_unlimited(), other.connect_unlimited());
        let entry = add(&mut writer);
        let (version, asked) = (1, 0);
        Self { one, other, writer, reader, entry, version, asked, _daemons: daemons, _postgres: postgres }
    }

    /// Waits until both are whole: Redis is used, each hears the other, limits are shared.
    fn until_whole(&mut self) {
        for wire in [&mut self.writer, &mut self.reader] {
            until("Redis is whole", || {
                let report = wire.health();
                let redis = redis(&report.redis);
                let is_whole = report.health.status == HealthStatus::Healthy
                    && redis.health.events_heard
                    && redis.health.daemons == 1;
                is_whole.then_some(())
            });
        }
    }

    /// Whether each of them uses Redis and hears the other through it.
    fn are_whole(&mut self) -> [bool; 2] {
        [&mut self.writer, &mut self.reader].map(|wire| {
            let report = wire.health();
            let redis = redis(&report.redis);
            redis.health.events_heard && redis.health.connected
        })
    }

    fn write_and_see(&mut self) {
        update(&mut self.writer, self.entry, self.version);
        self.version += 1;
        let began = Instant::now();
        while read(&mut self.reader).0 != self.version {
            assert!(began.elapsed() < SILENCE_MAX, "version {} is not seen", self.version);
        }
    }

    /// How many requests of one agent both daemons admit, until each refuses.
    fn admitted(&self, agent: &str) -> u32 {
        let request = requests::list(EntryKind::Tool, ScopeRef::GLOBAL, 1, 0);
        let mut admitted = 0;
        for instance in [&self.one, &self.other] {
            let hello = Hello::new(Purpose::Library).of_agent(agent);
            let mut wire = Wire::open(&instance.socket(), &hello).expect("accepted");
            while !matches!(wire.call(&request), Response::Error(_)) {
                admitted += 1;
            }
        }
        admitted
    }

    /// What one daemon answered is taken by the other, which nobody ever asked that.
    fn share_answers(&mut self) {
        let hits = redis(&self.reader.health().redis).shared_cache.hits;
        until("an answer is shared", || {
            self.asked += 1;
            let question =
                requests::search(&format!("first OR next OR q{}", self.asked), Some(ScopeRef::GLOBAL));
            let question = Request::Search(question);
            let (_, first) = self.writer.exchange(&question, &Default::default()).expect("answered");
            let (flags, second) = self.reader.exchange(&question, &Default::default()).expect("answered");
            assert!(matches!(&first, Response::SearchPage(page) if page.hits[0].version == self.version));
            assert_eq!(first, second);
            (flags & FLAG_CACHED != 0).then_some(())
        });
        let shared = redis(&self.reader.health().redis).shared_cache;
        assert!(shared.hits > hits, "{shared:?}");
    }

    /// Redis shows who has a file and that nobody has it any more, and who waits at the other daemon is
    /// woken through it.
    fn show_locks(&mut self, servers: &mut impl Servers) {
        let lock = granted(&mut self.writer, checkout("/shown", "ada", 0));
        until_shown(servers, "/shown", lock.token, "ada");
        assert!(matches!(self.writer.call(&checkin("/shown", "ada")), Response::CheckedIn(_)));
        until_shown(servers, "/shown", lock.token, "");
        let waits = waits(&self.one, &self.other);
        assert!(waits[2] < Duration::from_millis(250), "nobody is woken: {waits:?}");
    }

    /// The command line, `doctor` and the tool say which kind of Redis it is, and how the shared cache does.
    fn tell_people(&self, kind: &str) {
        let shown = self.other.json(["health"]);
        let told = Bridge::start(&self.other, "asker").call_ok("memory_health", &json!({}));
        for report in [&shown, &told["structuredContent"]] {
            assert_eq!(report["redis"]["kind"], kind, "{report}");
            let shared = &report["redis"]["sharedCache"];
            assert!(shared["hits"].as_u64() > Some(0) && shared["hitRate"].as_f64() > Some(0.0), "{report}");
            assert!(report["cache"]["evictions"].is_u64(), "{report}");
        }
        let text = told["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains(&format!("redis: {kind}, ")) && text.contains("shared cache: "), "{text}");
        let doctor = self.other.run(["doctor"]).out;
        assert!(doctor.contains(&format!("{kind} at ")), "{doctor}");
        let health = self.other.run(["health"]).ok().out;
        assert!(health.contains("shared cache") && health.contains(kind), "{health}");
    }
}

fn redis(report: &Option<RedisReport>) -> &RedisReport {
    report.as_ref().expect("it uses Redis")
}

fn until_shown(servers: &mut impl Servers, path: &str, token: u64, owner: &str) {
    let expected = (token.to_string(), owner.to_owned());
    until("Redis shows the lock as it is", || {
        (shown(servers.at(&format!("agentmem:lock:{path}")), path) == expected).then_some(())
    });
}

/// Has the master of a key lost, and another found by daemons that go on all the while.
fn goes_on_without_the_master_of(key: &str, servers: &mut impl Servers, kind: &str) {
    let mut pair = Pair::start(&servers.settings());
    pair.until_whole();
    assert_eq!(redis(&pair.reader.health().redis).kind.name(), kind);
    assert_eq!(pair.admitted("before"), LIMIT);
    pair.write_and_see();
    pair.share_answers();
    pair.show_locks(servers);
    pair.tell_people(kind);
    let held = granted(&mut pair.writer, checkout("/held", "ada", 0));
    until_shown(servers, "/held", held.token, "ada");

    servers.at(key).kill().expect("killed");
    let began = Instant::now();
    until("both have lost it", || (pair.are_whole() == [false; 2]).then_some(()));
    let fresh = granted(&mut pair.reader, checkout("/fresh", "bob", 0));
    for wire in [&mut pair.writer, &mut pair.reader] {
        for (path, owner) in [("/held", "ada"), ("/fresh", "bob")] {
            let refused = wire.refused(&Request::CheckoutFile(checkout(path, "eve", 0)));
            assert_eq!(refused.code, ErrorCode::FileLocked, "{refused}");
            assert_eq!(status(wire, path).0.expect("it is held").agent_id, owner);
        }
    }
    until("both have found another", || {
        pair.write_and_see();
        (pair.are_whole() == [true; 2]).then_some(())
    });
    println!("{kind}: events were heard again {:?} after the master was killed", began.elapsed());
    pair.until_whole();

    pair.write_and_see();
    until("answers come from the cache", || read(&mut pair.reader).1.then_some(()));
    assert_eq!(pair.admitted("after"), LIMIT, "together what one daemon would");
    pair.share_answers();
    for (path, owner, token) in [("/held", "ada", held.token), ("/fresh", "bob", fresh.token)] {
        assert!(matches!(pair.reader.call(&checkin(path, owner)), Response::CheckedIn(_)));
        until_shown(servers, path, token, "");
    }
    pair.show_locks(servers);
}

#[test]
fn the_master_of_sentinels_is_lost_and_all_that_daemons_share_goes_on() {
    let mut servers = RedisSentinels::start().expect("Redis with sentinels");
    goes_on_without_the_master_of("any", &mut servers, "sentinel");
}

#[test]
fn a_master_of_a_cluster_is_lost_and_all_that_daemons_share_goes_on() {
    let mut cluster = RedisCluster::start().expect("a cluster");
    // The one that decides about the limits.
    goes_on_without_the_master_of("agentmem:ratelimit:{limits}:all", &mut cluster, "cluster");
}
