//! Rate limits of daemons that share Redis: together they admit what one daemon would, to within 1 %; without
//! Redis each admits its part, and nobody waits for a server that is silent.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Response,
    handshake::Purpose,
    model::{EntryKind, ScopeRef},
    response::Health,
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{Daemon, Exit, Hello, Instance, Wire, requests, until};

use crate::redis_events::health;

const DAEMONS: usize = 4;
const HOUR_MS: u64 = 3_600_000;

/// Daemons that share a database and Redis. The servers end with it.
struct Cluster {
    daemons: Vec<(Instance, Daemon)>,
    redis: Redis,
    _postgres: Postgres,
}

impl Cluster {
    /// With the burst limit, the one per agent, and the global one, each in its window.
    fn start(daemons: usize, limits: [(u32, u64); 3]) -> Self {
        let (postgres, redis) = (Postgres::start().expect("a server"), Redis::start().expect("a server"));
        let mut first = Instance::new()
            .with_database(&postgres.url("postgres"))
            .with("REDIS_ENABLED", 1)
            .with("REDIS_URL", redis.url());
        for (name, (max, window_ms)) in ["BURST", "PER_AGENT", "GLOBAL"].into_iter().zip(limits) {
            first = first
                .with(&format!("RATE_LIMIT_{name}_MAX"), max)
                .with(&format!("RATE_LIMIT_{name}_WINDOW_MS"), window_ms);
        }
        let mut instances: Vec<_> = (1..daemons).map(|_| first.another()).collect();
        instances.push(first);
        let daemons = instances.into_iter().map(|instance| {
            let daemon = instance.start_daemon();
            (instance, daemon)
        });
        let cluster = Self { daemons: daemons.collect(), redis, _postgres: postgres };
        cluster.until_shared();
        cluster
    }

    /// Waits until every daemon asks Redis, and all are counted.
    fn until_shared(&self) {
        until("all daemons are counted", || {
            let count = self.redis.command(&["ZCARD", "agentmem:ratelimit:{limits}:daemons"]).ok()?;
            (count == self.daemons.len().to_string()).then_some(())
        });
        for (instance, _) in &self.daemons {
            let mut wire = instance.connect_unlimited();
            until("the limits are shared", || problem(&health(&mut wire).health).is_none().then_some(()));
        }
    }

    /// Asks all daemons as much as they take until `is_over`, which is told how long nothing was admitted;
    /// returns what they admitted together.
    fn press(&self, agents: usize, is_over: impl Fn(Duration) -> bool + Sync) -> usize {
        let (admitted, last) = (AtomicUsize::new(0), Mutex::new(Instant::now()));
        thread::scope(|scope| {
            for ((instance, _), agent) in
                self.daemons.iter().flat_map(|one| (0..agents).map(move |n| (one, n)))
            {
                let (admitted, last, is_over) = (&admitted, &last, &is_over);
                scope.spawn(move || {
                    let hello = Hello::new(Purpose::Library).of_agent(&format!("agent-{agent}"));
                    let mut wire = Wire::open(&instance.socket(), &hello).expect("accepted");
                    while !is_over(last.lock().expect("no panic").elapsed()) {
                        let count = ask(&mut wire, 16);
                        if count > 0 {
                            admitted.fetch_add(count, Ordering::Relaxed);
                            *last.lock().expect("no panic") = Instant::now();
                        }
                    }
                });
            }
        });
        admitted.into_inner()
    }

    /// What all daemons admit until nothing is left.
    fn use_up(&self, agents: usize) -> usize {
        self.press(agents, |quiet| quiet > Duration::from_millis(500))
    }
}

/// Sends requests at once; returns how many were admitted.
fn ask(wire: &mut Wire, count: usize) -> usize {
    let request = requests::list(EntryKind::Tool, ScopeRef::GLOBAL, 1, 0);
    let ids: Vec<_> = (0..count).map(|_| wire.send(&request, &Default::default()).expect("sends")).collect();
    let is_admitted = |id: &u64| match wire.answer(*id).expect("answered").1 {
        Response::Error(error) => {
            assert!(error.retry_after_ms.is_some_and(|wait| wait > 0), "{error:?}");
            false
        }
        _ => true,
    };
    ids.iter().map(is_admitted).filter(|is_admitted| *is_admitted).count()
}

fn problem(health: &Health) -> Option<String> {
    health.problems.iter().find(|problem| problem.contains("rate limits are not shared")).cloned()
}

fn assert_within_a_hundredth(admitted: usize, limit: usize, what: &str) {
    println!("{what}: {DAEMONS} daemons admitted {admitted} of {limit}");
    assert!(admitted.abs_diff(limit) * 100 <= limit, "{what}: {admitted} of {limit}");
}

#[test]
fn four_daemons_admit_together_what_each_limit_allows() {
    let plenty = (1_000_000, HOUR_MS);
    for (what, limits, agents, limit) in [
        ("burst", [(1_500, HOUR_MS), plenty, plenty], 1, 1_500),
        ("per agent", [plenty, (1_500, HOUR_MS), plenty], 2, 3_000),
        ("global", [plenty, (1_500, HOUR_MS), (2_000, HOUR_MS)], 3, 2_000),
    ] {
        let cluster = Cluster::start(DAEMONS, limits);
        assert_within_a_hundredth(cluster.use_up(agents), limit, what);
    }
}

#[test]
fn an_allowance_comes_back_evenly_for_all_daemons_together() {
    let plenty = (1_000_000, HOUR_MS);
    let cluster = Cluster::start(DAEMONS, [(400, 1_000), plenty, plenty]);
    let began = Instant::now();
    let admitted = cluster.press(1, |_| began.elapsed() > Duration::from_secs(5));
    let expected = 400.0 * (1.0 + began.elapsed().as_secs_f64());
    assert_within_a_hundredth(admitted, expected as usize, "burst over time");
}

#[test]
fn without_redis_each_daemon_admits_its_part_and_it_heals() {
    let plenty = (1_000_000, HOUR_MS);
    let mut cluster = Cluster::start(DAEMONS, [plenty, (1_200, HOUR_MS), plenty]);
    for (instance, _) in &cluster.daemons {
        // The answer tells how many daemons there are.
        assert_eq!(ask(&mut instance.connect(), 1), 1);
    }
    cluster.redis.kill().expect("killed");
    for (instance, _) in &cluster.daemons {
        let mut wire = instance.connect_unlimited();
        let health = until("the daemon says so", || {
            Some(health(&mut wire).health).filter(|health| problem(health).is_some())
        });
        assert!(problem(&health).is_some_and(|told| told.contains("one of 4 daemons")), "{health:?}");
        let per_agent = health.rate_limits.iter().find(|limit| limit.name == "perAgent");
        assert_eq!(per_agent.map(|limit| limit.max), Some(300));
    }
    assert_within_a_hundredth(cluster.use_up(1), 1_200, "without Redis");
    cluster.redis.run().expect("is back");
    cluster.until_shared();
    assert_within_a_hundredth(cluster.use_up(1), 1_200, "healed");
}

#[test]
fn a_daemon_that_was_stopped_is_counted_no_more() {
    let plenty = (1_000_000, HOUR_MS);
    let mut cluster = Cluster::start(3, [plenty, (1_200, HOUR_MS), plenty]);
    let counted = |cluster: &Cluster| {
        cluster.redis.command(&["ZCARD", "agentmem:ratelimit:{limits}:daemons"]).expect("an answer")
    };
    let (_instance, mut stopped) = cluster.daemons.remove(0);
    assert_eq!(stopped.stop(), Exit::Code(0));
    assert_eq!(counted(&cluster), "2", "at once");
    // Each request asks Redis, and its answer says how many there are.
    for (instance, _) in &cluster.daemons {
        assert_eq!(ask(&mut instance.connect(), 1), 1);
    }
    cluster.redis.kill().expect("killed");
    for (instance, _) in &cluster.daemons {
        let mut wire = instance.connect_unlimited();
        let told = until("the daemon says so", || problem(&health(&mut wire).health));
        assert!(told.contains("one of 2 daemons"), "{told}");
    }
}

#[test]
fn a_silent_redis_costs_one_timeout_once() {
    let plenty = (1_000_000, HOUR_MS);
    let cluster = Cluster::start(1, [plenty, plenty, plenty]);
    let mut wire = cluster.daemons[0].0.connect();
    assert_eq!(ask(&mut wire, 1), 1);
    cluster.redis.freeze().expect("frozen");
    let began = Instant::now();
    assert_eq!(ask(&mut wire, 1), 1);
    let first = began.elapsed();
    let mut slowest = Duration::ZERO;
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        let began = Instant::now();
        assert_eq!(ask(&mut wire, 1), 1);
        slowest = slowest.max(began.elapsed());
    }
    println!("the first took {first:?}, the slowest of those after it {slowest:?}");
    assert!(first < Duration::from_secs(2) && slowest < Duration::from_millis(450), "{first:?}, {slowest:?}");
    cluster.redis.go_on().expect("goes on");
    cluster.until_shared();
}
