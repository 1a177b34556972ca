//! What a benchmark measures, and how much of it.

use std::path::PathBuf;

use clap::Args;

use super::operation::Operation;

/// Most operations of warming up; more when more than this are under way at once.
const WARM_UP_MAX: u64 = 2_000;

/// Arguments of the benchmark.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchmarkArgs {
    /// Operations of each kind
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) ops: u64,
    /// Connections at once
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) clients: u32,
    /// Requests under way on each connection
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) pipeline: u32,
    /// What is measured, one after the other: echo, cached_read, simple_read (or read), scoped_read, search, context,
    /// write, lock (a file checked out and in again); checked_cached_read and checked_read are the same reads by an agent that
    /// may read only the scratch project. With search and write, searches while writes go on are measured too
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "echo,cached_read,checked_cached_read,simple_read,checked_read,scoped_read,search,context,write,lock"
    )]
    pub(crate) mix: Vec<Operation>,
    /// Entries in the scratch project
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub(crate) entries: u32,
    /// Seed of the entries and queries
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Socket of a further daemon on the same database, given once for each: the connections are spread over all
    #[arg(long, value_name = "SOCKET")]
    pub(crate) also_socket: Vec<PathBuf>,
    /// Does not lift the rate limits for itself
    #[arg(long)]
    pub(crate) respect_limits: bool,
}

impl BenchmarkArgs {
    /// Requests under way at once.
    pub(crate) fn concurrency(&self) -> u32 {
        self.clients * self.pipeline
    }

    /// Operations of each kind before the first that counts.
    pub(crate) fn warm_up(&self) -> u64 {
        (self.ops / 10).min(WARM_UP_MAX).max(u64::from(self.concurrency()))
    }
}
