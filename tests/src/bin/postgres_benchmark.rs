//! Measures one or more daemons on a PostgreSQL server of their own, which syncs as it would in
//! earnest: `postgres_benchmark DAEMONS [ARGUMENTS OF client benchmark]...`.

use std::process::{Command, Stdio};

use agent_memory_testbed::{Postgres, PostgresOptions};
use agent_memory_tests::Instance;
use anyhow::{Context, Result, ensure};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let daemons: usize = arguments.next().unwrap_or_else(|| "1".to_owned()).parse().context("how many")?;
    ensure!((1..=16).contains(&daemons), "1 to 16 daemons can be measured, not {daemons}");
    let options = PostgresOptions::default().set("fsync", "on").set("shared_buffers", "256MB");
    let first = Instance::new().with_server(Postgres::start_with(options.set("max_connections", "200"))?);
    let others: Vec<Instance> = (1..daemons).map(|_| first.another()).collect();
    let _running: Vec<_> = std::iter::once(&first).chain(&others).map(Instance::start_daemon).collect();
    let mut benchmark: Command = first.client_command(["client", "benchmark"]);
    for other in &others {
        benchmark.arg("--also-socket").arg(other.socket());
    }
    let status = benchmark.args(arguments).stdin(Stdio::null()).status()?;
    ensure!(status.success(), "the benchmark failed: {status}");
    Ok(())
}
