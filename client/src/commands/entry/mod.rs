//! `guideline|knowledge|tool add|update|get|list|history|deactivate|delete`: the same commands for
//! every kind; what differs are the fields of each.

mod add;
mod deactivate;
mod delete;
mod fields;
mod get;
mod history;
mod list;
mod target;
mod update;

use agent_memory_proto::{limits::PAGE_ROWS_DEFAULT, model::EntryKind};
use clap::{Args, Subcommand};

pub(crate) use fields::{EntryFields, GuidelineFields, KnowledgeFields, ToolFields};

use crate::{failure::Failure, invocation::Invocation};

/// What can be done with the entries of one kind.
#[derive(Debug, Subcommand)]
pub(crate) enum EntryCommand<F: EntryFields> {
    /// Add an entry
    Add(add::AddArgs<F>),
    /// Write a new version of an entry
    Update(update::UpdateArgs<F>),
    /// Show an entry
    Get(get::GetArgs),
    /// List the entries of a scope
    List(list::ListArgs),
    /// List the versions of an entry
    History(history::HistoryArgs),
    /// Hide an entry; its history stays readable
    Deactivate(deactivate::DeactivateArgs),
    /// Remove an entry and its history for good
    Delete(delete::DeleteArgs),
}

/// Which part of a list.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Page {
    /// At most this many, 1 to 100
    #[arg(long, value_name = "NUMBER", default_value_t = PAGE_ROWS_DEFAULT)]
    pub(crate) limit: u32,
    /// Skips this many
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) offset: u32,
}

pub(crate) async fn run<F: EntryFields>(
    invocation: &Invocation,
    command: EntryCommand<F>,
) -> Result<(), Failure> {
    match command {
        EntryCommand::Add(args) => add::run(invocation, args).await,
        EntryCommand::Update(args) => update::run(invocation, args).await,
        EntryCommand::Get(args) => get::run(invocation, F::KIND, args).await,
        EntryCommand::List(args) => list::run(invocation, F::KIND, args).await,
        EntryCommand::History(args) => history::run(invocation, F::KIND, args).await,
        EntryCommand::Deactivate(args) => deactivate::run(invocation, F::KIND, args).await,
        EntryCommand::Delete(args) => delete::run(invocation, F::KIND, args).await,
    }
}

/// Reads the name of a kind.
pub(crate) fn kind(text: &str) -> Result<EntryKind, String> {
    text.parse().map_err(|()| "allowed: guideline, knowledge, tool".to_owned())
}
