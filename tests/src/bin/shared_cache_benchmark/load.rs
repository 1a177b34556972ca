//! Loads: an operation again and again on so many connections at once, and how fast that was.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Request, Response,
    codec::Message as _,
    frame::FLAG_CACHED,
    model::ScopeRef,
    request::{CheckinFile, CheckoutFile, EchoStored, FloorOperation, MeasureFloor},
};
use agent_memory_tests::{Frame, Instance, Wire, requests};
use anyhow::{Context, Result, bail};

/// How an error begins: with the number of its variant.
const ERROR: [u8; 4] = [0; 4];

/// How many connections, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) time: Duration,
}

/// Operations in a second, and how many of them came from a cache.
#[derive(Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_s: f64,
    pub(crate) cached: f64,
}

impl Load {
    /// Asks by turns.
    pub(crate) fn reads(self, instance: &Instance, question: impl Fn(u64) -> Request + Sync) -> Rate {
        let next = AtomicU64::new(0);
        self.repeat(|| {
            let mut wire = instance.connect();
            let (next, question) = (&next, &question);
            move || {
                let number = next.fetch_add(1, Ordering::Relaxed);
                asked(&mut wire, &question(number)) & FLAG_CACHED != 0
            }
        })
    }

    /// Adds entries.
    pub(crate) fn writes(self, instance: &Instance, scope: ScopeRef) -> Rate {
        self.repeat(|| {
            let mut wire = instance.connect();
            move || {
                let name = requests::new_id().to_string();
                let added = wire.call(&requests::add_knowledge(scope, &name, "some words about nothing"));
                assert!(matches!(added, Response::Written(_)), "{added:?}");
                false
            }
        })
    }

    /// Locks files that nobody else asks for, and unlocks them.
    pub(crate) fn locks(self, instance: &Instance) -> Rate {
        self.repeat(|| {
            let mut wire = instance.connect();
            move || {
                let path = format!("/benchmark/{}", requests::new_id());
                lock_and_unlock(&mut wire, path);
                false
            }
        })
    }

    /// The bare transactions of a lock and its end, in the daemon itself.
    pub(crate) fn bare_locks(self, instance: &Instance, scope: ScopeRef) -> Result<Rate> {
        let floor = Request::MeasureFloor(MeasureFloor {
            operation: FloorOperation::Lock,
            project_id: scope.id.context("a project")?,
            rounds: 1_000_000,
            batch: u32::try_from(self.connections)?,
            searches: Vec::new(),
        });
        match instance.connect().call(&floor) {
            Response::Floor(floor) => {
                let per_s = f64::from(floor.rounds) * 1e6 / floor.elapsed_us as f64;
                Ok(Rate { per_s, cached: 0.0 })
            }
            other => bail!("no floor: {other:?}"),
        }
    }

    /// Bare `GET`s through the daemon, of the values that are there as `floor:0` and so on.
    pub(crate) fn gets_through(self, instance: &Instance, values: u64) -> Rate {
        let names: Vec<Request> = (0..values)
            .map(|number| Request::EchoStored(EchoStored { name: super::questions::floor_name(number) }))
            .collect();
        let next = AtomicU64::new(0);
        self.repeat(|| {
            let mut wire = instance.connect();
            let (next, names) = (&next, &names);
            move || {
                let number = next.fetch_add(1, Ordering::Relaxed) % values;
                asked(&mut wire, &names[usize::try_from(number).expect("few")]);
                false
            }
        })
    }

    /// The same straight from Redis.
    pub(crate) fn gets(self, port: u16, values: u64) -> Rate {
        let next = AtomicU64::new(0);
        self.repeat(|| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connects");
            stream.set_nodelay(true).expect("set");
            let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
            let (next, mut line, mut value) = (&next, String::new(), Vec::new());
            move || {
                let number = next.fetch_add(1, Ordering::Relaxed) % values;
                let key = super::questions::floor_key(number);
                let command = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
                stream.write_all(command.as_bytes()).expect("sent");
                line.clear();
                reader.read_line(&mut line).expect("answered");
                let length: usize = line.trim_end()[1..].parse().expect("a length");
                value.resize(length + 2, 0);
                reader.read_exact(&mut value).expect("whole");
                false
            }
        })
    }

    fn repeat<O: FnMut() -> bool>(self, make: impl Fn() -> O + Sync) -> Rate {
        let began = Instant::now();
        let all: Vec<(usize, usize)> = thread::scope(|scope| {
            let work = || {
                let mut operation = make();
                let (mut done, mut cached) = (0, 0);
                let began = Instant::now();
                while began.elapsed() < self.time {
                    cached += usize::from(operation());
                    done += 1;
                }
                (done, cached)
            };
            let workers: Vec<_> = (0..self.connections).map(|_| scope.spawn(work)).collect();
            workers.into_iter().map(|worker| worker.join().expect("ends")).collect()
        });
        let elapsed = began.elapsed().as_secs_f64();
        let (done, cached) = all.iter().fold((0, 0), |(all, of), (done, cached)| (all + done, of + cached));
        Rate { per_s: done as f64 / elapsed, cached: cached as f64 / done.max(1) as f64 }
    }
}

/// Asks, and takes the answer as it comes: to take it apart is the caller's own work. Returns the flags.
fn asked(wire: &mut Wire, request: &Request) -> u8 {
    wire.send(request, &Default::default()).expect("sent");
    let Frame { header, payload } = wire.receive().expect("answered");
    assert!(!payload.starts_with(&ERROR), "{:?}", Response::decode(&payload));
    header.flags
}

fn lock_and_unlock(wire: &mut Wire, path: String) {
    let agent_id = Some("benchmark".to_owned());
    let checkout = CheckoutFile {
        path: path.clone(),
        agent_id: agent_id.clone(),
        session_id: None,
        project_id: None,
        reason: None,
        metadata: None,
        ttl_ms: Some(60_000),
        wait_ms: 0,
    };
    let held = wire.call(&Request::CheckoutFile(checkout));
    assert!(matches!(held, Response::CheckedOut(_)), "{held:?}");
    let checkin = CheckinFile { path, agent_id, session_id: None, token: None };
    let ended = wire.call(&Request::CheckinFile(checkin));
    assert!(matches!(ended, Response::CheckedIn(_)), "{ended:?}");
}
