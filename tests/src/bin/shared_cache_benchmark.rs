//! Measures what answers in Redis are worth, on private servers: locally cached reads, reads of what another
//! daemon left, bare `GET`s of the same values, misses and writes with and without Redis.
//! `shared_cache_benchmark [CONNECTIONS [SECONDS]]`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Request, Response,
    frame::FLAG_CACHED,
    model::{EntryKind, ScopeRef},
    request::GetContext,
};
use agent_memory_testbed::{Postgres, PostgresOptions, Redis};
use agent_memory_tests::{Instance, Wire, requests, until};
use anyhow::{Context, Result, ensure};

const ENTRIES: usize = 2_000;
const QUESTIONS: u64 = 200;
const WORDS: [&str; 8] = ["cache", "socket", "index", "writer", "frame", "redis", "query", "daemon"];

/// Operations in a second, and how many of them came from a cache.
struct Rate {
    per_s: f64,
    p50: Duration,
    cached: f64,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let connections: usize =
        arguments.next().unwrap_or_else(|| "16".to_owned()).parse().context("connections")?;
    let seconds: u64 = arguments.next().unwrap_or_else(|| "5".to_owned()).parse().context("seconds")?;
    let time = Duration::from_secs(seconds);
    let server = PostgresOptions::default().set("fsync", "on").set("max_connections", "200");
    let server = Postgres::start_with(server.set("shared_buffers", "256MB"))?;
    let redis = Redis::start()?;
    let bare = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    let shared = bare.another().with_redis_at(&redis.url());
    let reader = shared.another().with("QUERY_CACHE_SIZE", 0);
    let uncached = bare.another().with("QUERY_CACHE_SIZE", 0);
    let all = [&bare, &shared, &reader, &uncached];
    let _running: Vec<_> = all.iter().map(|instance| instance.start_daemon()).collect();
    let scope = fill(&mut shared.connect())?;
    for (name, question) in [("context", context as Ask), ("search", search), ("list", list)] {
        redis.flush()?;
        leave(&shared, &reader, scope, question);
        let values = values(&redis)?;
        let bytes: usize = values.iter().map(|(_, bytes)| bytes).sum::<usize>() / values.len().max(1);
        println!("{name}: {} answers in Redis, {bytes} bytes each", values.len());
        for round in 0..2 {
            let left = reads(&reader, connections, time, scope, question, |number| number % QUESTIONS);
            let got = gets(&redis, connections, time, &values)?;
            let local = reads(&shared, connections, time, scope, question, |number| number % QUESTIONS);
            let fresh = (round + 1) * 100_000_000;
            let miss = reads(&reader, connections, time, scope, question, |number| fresh + number);
            let database = reads(&uncached, connections, time, scope, question, |number| fresh + number);
            show("  locally cached", &local, None);
            show("  bare GET", &got, None);
            show("  left in Redis", &left, Some(&got));
            show("  the database", &database, None);
            show("  miss in Redis", &miss, Some(&database));
        }
    }
    for _ in 0..3 {
        let without = writes(&bare, connections, time, scope);
        let with = writes(&shared, connections, time, scope);
        show("writes without Redis", &without, None);
        show("writes with Redis", &with, Some(&without));
    }
    Ok(())
}

type Ask = fn(ScopeRef, u64) -> Request;

fn words(number: u64) -> String {
    let word = |n: u64| WORDS[usize::try_from(n).unwrap_or(0) % WORDS.len()];
    format!("{} {} q{number}", word(number), word(number / 8))
}

fn context(scope: ScopeRef, number: u64) -> Request {
    Request::GetContext(GetContext {
        scope,
        inherit: true,
        query: Some(words(number)),
        kinds: Vec::new(),
        budget_tokens: None,
        limit_per_kind: None,
    })
}

fn search(scope: ScopeRef, number: u64) -> Request {
    Request::Search(requests::search(&words(number), Some(scope)))
}

/// Lists of 20 differ by their offset only, so that those beyond the first ones repeat.
fn list(scope: ScopeRef, number: u64) -> Request {
    let offset = u32::try_from(number % 100_000_000 % 1_900).unwrap_or(0);
    let limit = 20 + u32::try_from(number / 100_000_000 % 80).unwrap_or(0);
    requests::list(EntryKind::Knowledge, scope, limit, offset)
}

fn fill(wire: &mut Wire) -> Result<ScopeRef> {
    let project = requests::new_id();
    let created = wire.call(&requests::create_project(project, "benchmark"));
    ensure!(matches!(created, Response::Project(_)), "{created:?}");
    let scope = ScopeRef::project(project);
    for number in 0..ENTRIES {
        let content = format!("{} {}", words(number as u64), "some more words about nothing. ".repeat(8));
        let added = wire.call(&requests::add_knowledge(scope, &format!("entry {number}"), &content));
        ensure!(matches!(added, Response::Written(_)), "{added:?}");
    }
    Ok(scope)
}

/// Asks until every answer is there for the reader.
fn leave(shared: &Instance, reader: &Instance, scope: ScopeRef, question: Ask) {
    let (mut one, mut other) = (shared.connect(), reader.connect());
    for number in 0..QUESTIONS {
        until("the answer is left", || {
            one.exchange(&question(scope, number), &Default::default()).expect("answered");
            let (flags, _) = other.exchange(&question(scope, number), &Default::default()).expect("answered");
            (flags & FLAG_CACHED != 0).then_some(())
        });
    }
}

/// The keys of the answers and the length of each.
fn values(redis: &Redis) -> Result<Vec<(String, usize)>> {
    let keys = redis.command(&["KEYS", "agentmem:cache:*"])?;
    let length = |key: &str| Ok((key.to_owned(), redis.command(&["STRLEN", key])?.trim().parse()?));
    keys.lines().take(200).map(length).collect()
}

fn reads(
    instance: &Instance,
    connections: usize,
    time: Duration,
    scope: ScopeRef,
    question: Ask,
    of: impl Fn(u64) -> u64 + Sync,
) -> Rate {
    let next = AtomicU64::new(0);
    repeat(connections, time, || {
        let mut wire = instance.connect();
        let (next, of) = (&next, &of);
        move || {
            let number = of(next.fetch_add(1, Ordering::Relaxed));
            let answer = wire.exchange(&question(scope, number), &Default::default());
            let (flags, answer) = answer.expect("answered");
            assert!(!matches!(answer, Response::Error(_)), "{answer:?}");
            flags & FLAG_CACHED != 0
        }
    })
}

fn writes(instance: &Instance, connections: usize, time: Duration, scope: ScopeRef) -> Rate {
    repeat(connections, time, || {
        let mut wire = instance.connect();
        move || {
            let name = requests::new_id().to_string();
            let added = wire.call(&requests::add_knowledge(scope, &name, "some words about nothing"));
            assert!(matches!(added, Response::Written(_)), "{added:?}");
            false
        }
    })
}

/// Bare `GET`s, each connection one after the other.
fn gets(redis: &Redis, connections: usize, time: Duration, values: &[(String, usize)]) -> Result<Rate> {
    let address = format!("127.0.0.1:{}", redis.port());
    TcpStream::connect(&address)?;
    let next = AtomicU64::new(0);
    Ok(repeat(connections, time, || {
        let mut stream = TcpStream::connect(&address).expect("connects");
        stream.set_nodelay(true).expect("set");
        let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
        let (next, mut line, mut value) = (&next, String::new(), Vec::new());
        move || {
            let number = next.fetch_add(1, Ordering::Relaxed) as usize % values.len();
            let key = &values[number].0;
            let command = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
            stream.write_all(command.as_bytes()).expect("sent");
            line.clear();
            reader.read_line(&mut line).expect("answered");
            let length: usize = line.trim_end()[1..].parse().expect("a length");
            value.resize(length + 2, 0);
            reader.read_exact(&mut value).expect("whole");
            true
        }
    }))
}

/// Repeats an operation on so many connections at once.
fn repeat<O: FnMut() -> bool>(connections: usize, time: Duration, make: impl Fn() -> O + Sync) -> Rate {
    let began = Instant::now();
    let all: Vec<(Vec<Duration>, usize)> = thread::scope(|scope| {
        let work = || {
            let mut operation = make();
            let (mut times, mut cached) = (Vec::new(), 0);
            let began = Instant::now();
            while began.elapsed() < time {
                let started = Instant::now();
                cached += usize::from(operation());
                times.push(started.elapsed());
            }
            (times, cached)
        };
        let workers: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("ends")).collect()
    });
    let elapsed = began.elapsed().as_secs_f64();
    let cached: usize = all.iter().map(|(_, cached)| cached).sum();
    let mut times: Vec<Duration> = all.into_iter().flat_map(|(times, _)| times).collect();
    times.sort();
    let count = times.len().max(1) as f64;
    let p50 = times.get(times.len() / 2).copied().unwrap_or_default();
    Rate { per_s: count / elapsed, p50, cached: cached as f64 / count }
}

fn show(name: &str, rate: &Rate, floor: Option<&Rate>) {
    let of_floor = floor.map(|floor| format!(", {:.2} of it", rate.per_s / floor.per_s)).unwrap_or_default();
    let cached = rate.cached * 100.0;
    println!("{name}: {:.0}/s, p50 {:?}, {cached:.0} % cached{of_floor}", rate.per_s, rate.p50);
}
