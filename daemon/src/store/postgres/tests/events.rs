//! What one daemon hears of another's writes, and that it knows when it may have missed some.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use agent_memory_proto::model::ScopeRef;
use agent_memory_testbed::{Postgres, Proxy};

use super::super::{PostgresHandle, PostgresOptions, PostgresStore};
use crate::{
    actors::block_on,
    clock::Clock,
    store::{
        Change, Follower,
        contract::{World, knowledge},
    },
    supervisor::Supervisor,
};

/// What a follower was told, in order.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Changed(Change),
    Lost,
    Restored,
    Missed,
}

#[derive(Default)]
struct Diary(Mutex<Vec<Told>>);

impl Diary {
    fn add(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }

    fn all(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    async fn until(&self, what: &str, holds: impl Fn(&[Told]) -> bool) {
        let waited = async {
            while !holds(&self.all()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let patience = Duration::from_secs(20);
        assert!(tokio::time::timeout(patience, waited).await.is_ok(), "{what}: {:?}", self.all());
    }
}

impl Follower for Diary {
    fn changed(&self, change: &Change) {
        self.add(Told::Changed(change.clone()));
    }

    fn lost(&self, _: &str) {
        // Said more than once for one loss.
        if self.all().last() != Some(&Told::Lost) {
            self.add(Told::Lost);
        }
    }

    fn restored(&self) {
        self.add(Told::Restored);
    }

    fn missed(&self, _: &str) {
        self.add(Told::Missed);
    }
}

/// A daemon's store, and what it is told of the others.
struct Member {
    world: World,
    handle: PostgresHandle,
    diary: Arc<Diary>,
    _supervisor: Supervisor,
}

async fn member(url: &str) -> Member {
    let clock = Clock::system();
    let changes = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&changes);
    let on_change = Arc::new(move |change: &Change| heard.lock().unwrap().push(change.clone()));
    let options = PostgresOptions::new(url.parse().unwrap());
    let (store, handle) = PostgresStore::open(options, clock.clone(), on_change).await.unwrap();
    let (diary, supervisor) = (Arc::new(Diary::default()), Supervisor::start());
    handle.follow(&supervisor, Arc::clone(&diary) as _).await.unwrap();
    let world = World { store, clock, changes, _keep: Box::new(()) };
    Member { world, handle, diary, _supervisor: supervisor }
}

#[test]
fn a_write_is_told_to_the_others_as_it_was_told_here_and_not_to_its_own_daemon() {
    const WRITES: usize = 300;
    let server = Postgres::start().unwrap();
    block_on(async {
        let (one, other) = (member(&server.url("postgres")).await, member(&server.url("postgres")).await);
        let mut lags = Vec::new();
        for n in 0..WRITES {
            one.world.add(knowledge(ScopeRef::GLOBAL, &format!("fact {n}"))).await;
            let acknowledged = Instant::now();
            let told = one.world.changes.lock().unwrap().last().cloned().unwrap();
            let told = Told::Changed(told);
            other.diary.until("the change", |all| all.last() == Some(&told)).await;
            lags.push(acknowledged.elapsed());
        }
        assert_eq!(one.diary.all(), [Told::Lost, Told::Restored], "its own writes are not told again");
        assert_eq!(other.diary.all().len(), 2 + WRITES);
        lags.sort();
        let (p50, p99) = (lags[WRITES / 2], lags[WRITES * 99 / 100]);
        println!("lag after the acknowledgement, {WRITES} writes: p50 {p50:?}, p99 {p99:?}");
        assert!(p99 < Duration::from_millis(100), "p50 {p50:?}, p99 {p99:?}");
    })
    .unwrap();
}

#[test]
fn a_lost_connection_is_told_at_once_and_made_again() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (one, other) = (member(&server.url("postgres")).await, member(&server.url("postgres")).await);
        for round in 1..=5 {
            let ended = server.sql(
                "postgres",
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity \
                 WHERE application_name = 'agent-memoryd events'",
            );
            assert_eq!(ended.unwrap().trim(), "2");
            one.world.add(knowledge(ScopeRef::GLOBAL, &format!("in the gap {round}"))).await;
            for member in [&one, &other] {
                let restored =
                    |all: &[Told]| all.iter().filter(|told| **told == Told::Restored).count() == 1 + round;
                member.diary.until("another connection", restored).await;
            }
            one.world.add(knowledge(ScopeRef::GLOBAL, &format!("after the gap {round}"))).await;
            other.diary.until("a change", |all| matches!(all.last(), Some(Told::Changed(_)))).await;
        }
        let gaps = other.diary.all().iter().filter(|told| **told == Told::Lost).count();
        assert_eq!(gaps, 1 + 5, "{:?}", other.diary.all());
        other.handle.close().await;
    })
    .unwrap();
}

#[test]
fn a_server_that_falls_silent_is_noticed_within_seconds() {
    let server = Postgres::start().unwrap();
    let proxy = Proxy::start(server.port()).unwrap();
    let through = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
    block_on(async {
        let member = member(&through).await;
        assert_eq!(member.diary.all(), [Told::Lost, Told::Restored]);
        proxy.swallow();
        let silent = Instant::now();
        member.diary.until("the silence", |all| all.last() == Some(&Told::Lost)).await;
        println!("a black hole was noticed after {:?}", silent.elapsed());
        assert!(silent.elapsed() < Duration::from_secs(10));
        proxy.restore();
        member.diary.until("the way back", |all| all.last() == Some(&Told::Restored)).await;
    })
    .unwrap();
}

#[test]
fn what_cannot_be_understood_counts_as_a_gap() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let member = member(&server.url("postgres")).await;
        server
            .sql("postgres", "SELECT pg_notify('another channel', 'x'), pg_notify('agent_memory', '?')")
            .unwrap();
        member.diary.until("the gap", |all| all == [Told::Lost, Told::Restored, Told::Missed]).await;
    })
    .unwrap();
}
