//! The table of daemons: who says that it is there is listed, until it stops, falls silent or is replaced.

use agent_memory_proto::{
    model::Id,
    response::{ClusterDaemon, DaemonLoad},
};
use agent_memory_testbed::Postgres;

use super::{PostgresHandle, PostgresOptions, open};
use crate::{actors::block_on, store::contract::World};

async fn daemon(server: &Postgres) -> (World, PostgresHandle) {
    open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await
}

fn run(number: u8, host: &str) -> ClusterDaemon {
    ClusterDaemon {
        id: Id([number; 16]),
        host: host.to_owned(),
        data_dir: "/data".to_owned(),
        process_id: u32::MAX,
        build: "0.1.0".to_owned(),
        protocol: (1, 3),
        started_at_ms: 0,
        uptime_ms: 60_000,
        seen_ms_ago: 0,
        is_stale: false,
        load: DaemonLoad { requests: 7, generation: u64::MAX, ..DaemonLoad::default() },
    }
}

async fn listed(world: &World) -> Vec<ClusterDaemon> {
    world.store.members.members().await.unwrap().0
}

async fn present(handle: &PostgresHandle) -> Vec<(Id, String)> {
    let mut present = handle.present().await.unwrap();
    present.sort_by_key(|(id, _)| id.0);
    present
}

/// Makes a daemon have said for the last time so many seconds ago that it is there.
fn silence(server: &Postgres, host: &str, seconds: u32) {
    let sql = format!("UPDATE daemons SET seen_at_ms = seen_at_ms - {seconds}000 WHERE host = '{host}'");
    server.sql("postgres", &sql).unwrap();
}

#[test]
fn those_who_say_that_they_are_there_are_listed_until_they_leave() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let ((world, one), (_, other)) = (daemon(&server).await, daemon(&server).await);
        assert_eq!(listed(&world).await, []);
        one.say_present(&run(1, "a")).await.unwrap();
        other.say_present(&run(2, "b")).await.unwrap();
        let daemons = listed(&world).await;
        let [first, second] = daemons.as_slice() else { panic!("{daemons:?}") };
        assert_eq!((&first.host, &second.host), (&"a".to_owned(), &"b".to_owned()));
        assert!(first.seen_ms_ago < 10_000 && first.started_at_ms > 1_700_000_000_000, "{first:?}");
        let times = ClusterDaemon {
            started_at_ms: first.started_at_ms,
            seen_ms_ago: first.seen_ms_ago,
            ..run(1, "a")
        };
        assert_eq!(*first, times);
        let places = [(Id([1; 16]), "a:/data".to_owned()), (Id([2; 16]), "b:/data".to_owned())];
        assert_eq!(present(&one).await, places);
        other.close().await;
        assert_eq!(present(&one).await, places[..1]);
        assert!(other.say_present(&run(2, "b")).await.is_err(), "it left");
        one.close().await;
        assert_eq!(server.sql("postgres", "SELECT count(*) FROM daemons").unwrap(), "0");
    })
    .unwrap();
}

#[test]
fn one_that_fell_silent_is_counted_no_more_and_forgotten_later() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let ((world, one), (_, other)) = (daemon(&server).await, daemon(&server).await);
        one.say_present(&run(1, "a")).await.unwrap();
        other.say_present(&run(2, "b")).await.unwrap();
        silence(&server, "b", 20);
        assert_eq!(present(&one).await, [(Id([1; 16]), "a:/data".to_owned())]);
        let daemons = listed(&world).await;
        assert_eq!(daemons.iter().map(|daemon| daemon.is_stale).collect::<Vec<_>>(), [false, true]);
        assert!((20_000..30_000).contains(&daemons[1].seen_ms_ago), "{daemons:?}");
        one.say_present(&run(1, "a")).await.unwrap();
        assert_eq!(listed(&world).await.len(), 2);
        silence(&server, "b", 3_600);
        one.say_present(&run(1, "a")).await.unwrap();
        assert_eq!(listed(&world).await.len(), 1);
        other.say_present(&run(2, "b")).await.unwrap();
        assert_eq!(present(&one).await.len(), 2, "it was only cut off");
        one.close().await;
        other.close().await;
    })
    .unwrap();
}

#[test]
fn the_next_run_at_a_place_replaces_the_one_before() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let ((world, killed), (_, next)) = (daemon(&server).await, daemon(&server).await);
        killed.say_present(&run(1, "a")).await.unwrap();
        next.say_present(&run(2, "a")).await.unwrap();
        assert_eq!(present(&next).await, [(Id([2; 16]), "a:/data".to_owned())]);
        // Two machines of one name: each takes its place again, and neither the other's.
        killed.say_present(&run(1, "a")).await.unwrap();
        next.say_present(&run(2, "a")).await.unwrap();
        assert_eq!(listed(&world).await.len(), 2);
        killed.close().await;
        next.close().await;
    })
    .unwrap();
}

/// Saying so is one update within a page, and waits for no disk.
#[test]
fn saying_so_costs_little() {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (_, one) = daemon(&server).await;
        for _ in 0..100 {
            one.say_present(&run(1, "a")).await.unwrap();
        }
        one.close().await;
    })
    .unwrap();
    block_on(super::until("the server counted", || {
        let sql =
            "SELECT n_tup_upd = 99 AND n_tup_hot_upd > 90 FROM pg_stat_user_tables WHERE relname = 'daemons'";
        server.sql("postgres", sql).unwrap() == "t"
    }))
    .unwrap();
}
