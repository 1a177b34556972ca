//! The first promise on PostgreSQL: the server is killed with all its processes under load, and
//! through no daemon is an acknowledged write lost or there twice.
//! `AGENT_MEMORY_PG_KILL_ROUNDS` sets how often (2; scripts/campaign-postgres: 20).

use agent_memory_testbed::{Postgres, PostgresOptions};
use agent_memory_tests::{Workload, from_environment};

use crate::postgres_faults::{assert_well, impatient};

#[test]
fn a_killed_server_loses_nothing_acknowledged() {
    let rounds: usize = from_environment("AGENT_MEMORY_PG_KILL_ROUNDS", 2);
    let mut server = Postgres::start_with(PostgresOptions::default().set("fsync", "on")).expect("a server");
    let first = impatient(&server.url("postgres"));
    let second = first.another();
    let daemons = [first.start_daemon(), second.start_daemon()];
    let mut total = 0;
    for round in 0..rounds {
        let load = Workload::run(&[&first, &second], 3, 2, |load| {
            // A different moment each time, without chance: the same run can be repeated.
            load.await_acknowledged(30 + 37 * round % 150);
            server.kill().expect("it is killed");
            server.run().expect("it starts again");
            load.await_acknowledged(30);
        });
        println!("round {round}: {load}");
        for instance in [&first, &second] {
            assert_well(instance);
            load.check(instance);
        }
        total += load.acknowledged();
    }
    println!("{rounds} rounds, {total} acknowledged writes through two daemons, 0 lost, 0 twice");
    for mut daemon in daemons {
        assert!(daemon.exited().is_none(), "a daemon ended: {}", daemon.log());
    }
}
