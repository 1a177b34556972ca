//! Measures the tiers against each other and against their floors, on private servers, in turn: reads that
//! the daemon itself has cached, reads of what another daemon left, misses, writes and locks.
//! `shared_cache_benchmark [CONNECTIONS [SECONDS [ROUNDS [PART]]]]`; PART is a part of the names of the
//! operations that are measured.

mod load;
mod questions;
mod table;

use std::time::Duration;

use agent_memory_proto::model::ScopeRef;
use agent_memory_testbed::{Postgres, PostgresOptions, Redis};
use agent_memory_tests::Instance;
use anyhow::{Context, Result};

use self::{
    load::Load,
    questions::{Ask, KINDS, QUESTIONS},
    table::Table,
};

/// The daemons, one for each way to be set up, and what they hold.
struct Daemons {
    redis: Redis,
    sqlite: Instance,
    /// PostgreSQL alone.
    bare: Instance,
    /// With Redis.
    shared: Instance,
    /// With Redis, and no cache of its own.
    reader: Instance,
    /// PostgreSQL alone, and no cache.
    uncached: Instance,
    /// What is read, on SQLite and on PostgreSQL, and what is written to.
    on_sqlite: ScopeRef,
    read: ScopeRef,
    written: ScopeRef,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |default: &str| arguments.next().unwrap_or_else(|| default.to_owned());
    let connections = argument("16").parse().context("connections")?;
    let seconds = argument("2").parse().context("seconds")?;
    let load = Load { connections, time: Duration::try_from_secs_f64(seconds)? };
    let rounds: u64 = argument("5").parse().context("rounds")?;
    let mut table = Table::of(argument(""));
    let options = PostgresOptions::default().set("fsync", "on").set("max_connections", "200");
    let server = Postgres::start_with(options.set("shared_buffers", "256MB"))?;
    let redis = Redis::start()?;
    let sqlite = Instance::new().without_rate_limits();
    let bare = Instance::new().with_database(&server.url("postgres")).without_rate_limits();
    let shared = bare.another().with_redis_at(&redis.url());
    let reader = shared.another().with("QUERY_CACHE_SIZE", 0);
    let uncached = bare.another().with("QUERY_CACHE_SIZE", 0);
    let all = [&sqlite, &bare, &shared, &reader, &uncached];
    let _running: Vec<_> = all.iter().map(|instance| instance.start_daemon()).collect();
    let on_sqlite = questions::filled(&mut sqlite.connect())?;
    let read = questions::filled(&mut shared.connect())?;
    let written = questions::project(&mut shared.connect())?;
    let daemons = Daemons { redis, sqlite, bare, shared, reader, uncached, on_sqlite, read, written };
    for round in 0..rounds {
        for (name, question) in KINDS {
            reads(&daemons, load, &mut table, round, name, question)?;
        }
        writes(&daemons, load, &mut table, round)?;
        eprintln!("round {} of {rounds} is done", round + 1);
    }
    table.print();
    Ok(())
}

fn reads(
    daemons: &Daemons,
    load: Load,
    table: &mut Table,
    round: u64,
    name: &str,
    question: Ask,
) -> Result<()> {
    let Daemons { redis, sqlite, shared, reader, uncached, .. } = daemons;
    redis.flush()?;
    questions::leave(shared, reader, daemons.read, question);
    let (values, bytes) = questions::copy_for_floor(redis)?;
    if round == 0 {
        println!("{name}: {values} answers in Redis, of {bytes} bytes each");
    }
    let again = |scope| move |number: u64| question(scope, number % QUESTIONS);
    table.measure(
        &format!("{name}, cached by the daemon"),
        "the same on SQLite",
        round,
        || load.reads(shared, again(daemons.read)),
        || Ok(load.reads(sqlite, again(daemons.on_sqlite))),
    )?;
    let left = || load.reads(reader, again(daemons.read));
    let name_of_left = format!("{name}, left in Redis");
    table.measure(&name_of_left, "a bare GET through the daemon", round, left, || {
        Ok(load.gets_through(reader, values))
    })?;
    table.measure(&name_of_left, "a bare GET straight from Redis", round, left, || {
        Ok(load.gets(redis.port(), values))
    })?;
    let fresh = questions::fresh(round);
    let asked = |number: u64| question(daemons.read, fresh + number);
    table.measure(
        &format!("{name}, not in Redis"),
        "the same without Redis",
        round,
        || load.reads(reader, asked),
        || Ok(load.reads(uncached, asked)),
    )
}

fn writes(daemons: &Daemons, load: Load, table: &mut Table, round: u64) -> Result<()> {
    let Daemons { bare, shared, written, .. } = daemons;
    table.measure(
        "write",
        "the same without Redis",
        round,
        || load.writes(shared, *written),
        || Ok(load.writes(bare, *written)),
    )?;
    table.measure(
        "lock and unlock",
        "the bare transactions",
        round,
        || load.locks(shared),
        || load.bare_locks(shared, *written),
    )
}
