//! Locks of files that daemons share, while Redis dies, forgets and falls silent: one owner at a time all
//! the same, and who waits at another daemon is woken in time, with Redis and without.

use std::{
    sync::{Mutex, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    Request, Response,
    model::SessionStatus,
    request::{CheckoutFile, EndSession, Envelope, StartSession},
};
use agent_memory_testbed::{Postgres, Redis};
use agent_memory_tests::{Daemon, Instance, StopOnDrop, Wire, history::Held, requests, until};

use crate::{
    file_locks::{AGENTS, FILES, checkin, checkout, granted, seconds, spawn_agents, status},
    redis_events::{NOWHERE, instance},
};

/// What Redis shows of a path: the token, and the owner unless it ended.
pub(crate) fn shown(redis: &Redis, path: &str) -> (String, String) {
    let field = |name| redis.command(&["HGET", &format!("agentmem:lock:{path}"), name]).expect("it answers");
    (field("token").trim().to_owned(), field("owner").trim().to_owned())
}

/// What befalls Redis, in turn: at least each once, and until the end. Returns how often each did.
fn torment(redis: &mut Redis, end: Instant, wait: impl Fn()) -> [u32; 3] {
    let mut done = [0; 3];
    for turn in 0_usize.. {
        if turn >= done.len() && Instant::now() >= end {
            break;
        }
        wait();
        match turn % done.len() {
            0 => redis.flush().expect("flushed"),
            1 => {
                redis.freeze().expect("frozen");
                wait();
                redis.go_on().expect("goes on");
            }
            _ => {
                redis.kill().expect("killed");
                wait();
                redis.run().expect("is back");
            }
        }
        done[turn % 3] += 1;
    }
    done
}

#[test]
fn never_two_owners_though_redis_and_daemons_are_killed() {
    let (server, mut redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let first = instance(&server, &redis);
    let instances = [first.another(), first.another(), first];
    let mut daemons: Vec<Daemon> = instances.iter().map(Instance::start_daemon).collect();
    let (stop, history, mut kills) = (AtomicBool::new(false), Mutex::new(Vec::new()), 0);
    let end = Instant::now() + Duration::from_secs(seconds());
    let redis = &mut redis;
    let befell = thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        spawn_agents(scope, &instances, &stop, &history);
        let wait = || {
            let before = history.lock().expect("no agent panicked").len();
            until("files go from hand to hand", || {
                (history.lock().expect("no agent panicked").len() > before + 60).then_some(())
            });
        };
        let tormentor = scope.spawn(move || torment(redis, end, wait));
        while !tormentor.is_finished() {
            wait();
            let victim = kills % daemons.len();
            daemons[victim].kill();
            daemons[victim] = instances[victim].start_daemon();
            kills += 1;
        }
        tormentor.join().expect("Redis was there again each time")
    });
    let history = history.into_inner().expect("no agent panicked");
    assert_eq!(Held::violation(&history), None);
    println!(
        "{} s, {AGENTS} agents, {FILES} files, {} daemons, {kills} kills of daemons; Redis was flushed, frozen and killed \
         {befell:?} times; {} locks: never two owners, tokens grow with the locks of each file",
        seconds(),
        daemons.len(),
        history.len()
    );
}

/// Has files freed at one daemon while somebody waits at another. Returns how long that one waited then,
/// shortest first.
pub(crate) fn waits(first: &Instance, second: &Instance) -> Vec<Duration> {
    let (mut ada, mut bob) = (first.connect_unlimited(), second.connect_unlimited());
    let mut waits: Vec<Duration> = (0..5).map(|_| wait_once(&mut ada, &mut bob, second)).collect();
    waits.sort_unstable();
    waits
}

fn wait_once(ada: &mut Wire, bob: &mut Wire, second: &Instance) -> Duration {
    let held = granted(ada, checkout("/a", "ada", 0));
    let waited = thread::scope(|scope| {
        let waiter = scope.spawn(|| (granted(bob, checkout("/a", "bob", 20_000)), Instant::now()));
        until("bob waits", || (status(&mut second.connect_unlimited(), "/a").1 == 1).then_some(()));
        let freed = Instant::now();
        assert!(matches!(ada.call(&checkin("/a", "ada")), Response::CheckedIn(_)));
        let (lock, had) = waiter.join().expect("granted");
        assert!(lock.token > held.token);
        had.duration_since(freed)
    });
    assert!(matches!(bob.call(&checkin("/a", "bob")), Response::CheckedIn(_)));
    waited
}

#[test]
fn who_waits_at_another_daemon_is_woken_with_redis_and_without() {
    let (server, mut redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let listening = instance(&server, &redis);
    let deaf = instance(&server, &redis).with("PG_EVENTS_URL", NOWHERE);
    let (second, other) = (listening.another(), deaf.another());
    let _daemons = [&listening, &second, &deaf, &other].map(Instance::start_daemon);
    let at_once = Duration::from_millis(250);
    let through_redis = waits(&deaf, &other);
    assert!(through_redis[2] < at_once, "through Redis alone: {through_redis:?}");
    redis.freeze().expect("frozen");
    let frozen = waits(&listening, &second);
    assert!(frozen[2] < at_once && frozen[4] < Duration::from_secs(2), "beside a frozen Redis: {frozen:?}");
    redis.go_on().expect("goes on");
    redis.kill().expect("killed");
    let through_the_database = waits(&listening, &second);
    assert!(through_the_database[2] < at_once, "through the database alone: {through_the_database:?}");
    let through_neither = waits(&deaf, &other);
    assert!(through_neither[4] < Duration::from_secs(2), "through neither: {through_neither:?}");
    println!(
        "woken through Redis {through_redis:?}, beside a frozen one {frozen:?}, through the database \
         {through_the_database:?}, through neither {through_neither:?}"
    );
}

#[test]
fn redis_shows_who_has_a_file_until_the_lock_or_its_session_ends() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let instance = instance(&server, &redis);
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let until_shown = |token: u64, owner: &str| {
        let expected = (token.to_string(), owner.to_owned());
        until("Redis shows it", || (shown(&redis, "/a b") == expected).then_some(()));
    };
    let lock = granted(&mut wire, checkout("/a b", "ada", 0));
    until_shown(lock.token, "ada");
    assert!(matches!(wire.call(&checkin("/a b", "ada")), Response::CheckedIn(_)));
    until_shown(lock.token, "");
    let start = StartSession { agent_id: Some("bob".to_owned()), ..requests::start_session(None) };
    let Response::Session(session) = wire.call(&Request::StartSession(start)) else { panic!("no session") };
    let next =
        granted(&mut wire, CheckoutFile { session_id: Some(session.id), ..checkout("/a b", "bob", 0) });
    until_shown(next.token, "bob");
    let end = EndSession { id: session.id, status: SessionStatus::Completed };
    assert!(matches!(wire.call(&Request::EndSession(end)), Response::Session(_)));
    until_shown(next.token, "");
}

#[test]
fn those_who_wait_at_several_daemons_come_in_the_order_of_coming() {
    let (server, redis) = (Postgres::start().expect("a server"), Redis::start().expect("Redis"));
    let first = instance(&server, &redis);
    let instances = [first.another(), first.another(), first];
    let mut daemons: Vec<Daemon> = instances.iter().map(Instance::start_daemon).collect();
    let stand = |count: u32| {
        until("they stand in line", || {
            let standing = server.sql("postgres", "SELECT count(*) FROM file_lock_waiters").expect("a count");
            (standing.trim() == count.to_string()).then_some(())
        });
    };
    let (mut holder, order) = (instances[0].connect(), Mutex::new(Vec::new()));
    granted(&mut holder, checkout("/a", "first", 0));
    // Two come to the first daemon, then two to the second, and so on.
    let places = [0, 0, 1, 1, 2, 2, 0, 1, 2];
    let left = Mutex::new([3_u32; 3]);
    thread::scope(|scope| {
        let mut waiting = [0; 3];
        for (number, place) in places.into_iter().enumerate() {
            let (instance, order, left, stand) = (&instances[place], &order, &left, &stand);
            scope.spawn(move || {
                let (agent, mut wire) = (format!("agent {number}"), instance.connect());
                let token = granted(&mut wire, checkout("/a", &agent, 25_000)).token;
                order.lock().expect("no agent panicked").push((token, number));
                // Who comes next at this daemon stands in the line of all while this one works.
                let lines = {
                    let mut left = left.lock().expect("no agent panicked");
                    left[place] -= 1;
                    left.iter().filter(|left| **left > 0).count()
                };
                stand(u32::try_from(lines).expect("few"));
                assert!(matches!(wire.call(&checkin("/a", &agent)), Response::CheckedIn(_)));
            });
            waiting[place] += 1;
            let mut look = instances[place].connect();
            until("it waits", || (status(&mut look, "/a").1 == waiting[place]).then_some(()));
        }
        stand(3);
        assert!(matches!(holder.call(&checkin("/a", "first")), Response::CheckedIn(_)));
    });
    let mut order = order.into_inner().expect("no agent panicked");
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, number)| number).collect();
    assert_eq!(order, (0..places.len()).collect::<Vec<_>>());

    // Whoever does not wait passes nobody, at whichever daemon; and who is gone holds nobody up for long.
    granted(&mut holder, checkout("/a", "first", 0));
    thread::scope(|scope| {
        let gone = scope.spawn(|| {
            let request = Request::CheckoutFile(checkout("/a", "gone", 20_000));
            let lost = instances[1].connect().exchange(&request, &Envelope::default());
            assert!(lost.is_err(), "{lost:?}");
        });
        stand(1);
        daemons[1].kill();
        gone.join().expect("it was told");
        assert!(matches!(holder.call(&checkin("/a", "first")), Response::CheckedIn(_)));
        let mut other = instances[2].connect();
        let refused = other.refused(&Request::CheckoutFile(checkout("/a", "in a hurry", 0)));
        assert!(refused.message.contains("goes to those who wait"), "{refused}");
        let asked = Instant::now();
        granted(&mut other, checkout("/a", "patient", 20_000));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    });
}
