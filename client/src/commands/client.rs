//! `client benchmark`: what this machine, this store and this daemon reach.

use clap::Subcommand;

use crate::{
    benchmark::{self, BenchmarkArgs},
    failure::Failure,
    invocation::Invocation,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Measure operations against the running daemon, beside their floors
    Benchmark(BenchmarkArgs),
}

pub(crate) async fn run(invocation: &Invocation, command: ClientCommand) -> Result<(), Failure> {
    match command {
        ClientCommand::Benchmark(args) => benchmark::run(invocation, args).await,
    }
}
