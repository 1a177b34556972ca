//! `query search|context`.

mod context;
mod search;

use clap::Subcommand;

use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum QueryCommand {
    /// Search guidelines, knowledge and tools
    Search(Box<search::SearchArgs>),
    /// What an agent should know in a scope, within a budget of tokens
    Context(context::ContextArgs),
}

pub(crate) async fn run(invocation: &Invocation, command: QueryCommand) -> Result<(), Failure> {
    match command {
        QueryCommand::Search(args) => search::run(invocation, *args).await,
        QueryCommand::Context(args) => context::run(invocation, args).await,
    }
}
