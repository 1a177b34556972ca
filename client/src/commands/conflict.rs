//! `conflict list|show|resolve`.

use agent_memory_proto::{
    Request,
    model::{EntryKind, Id},
    request::{ConflictPick, GetConflict, ListConflicts, ResolveConflict},
};
use clap::{Args, Subcommand, ValueEnum};

use super::entry::{Page, kind};
use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum ConflictCommand {
    /// List conflicts, latest first
    List {
        /// Only of entries of this kind: guideline, knowledge or tool
        #[arg(long, value_name = "KIND", value_parser = kind)]
        kind: Option<EntryKind>,
        /// Only of this entry
        #[arg(long, value_name = "ID")]
        entry: Option<Id>,
        /// Also those that are resolved
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Show a conflict with what both versions say
    Show {
        /// Which conflict
        id: Id,
    },
    /// Resolve a conflict
    Resolve(ResolveArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ResolveArgs {
    /// Which conflict
    id: Id,
    /// How it was resolved
    resolution: String,
    /// Which of the two versions the entry is to say; what it says now, when neither this nor --content is given
    #[arg(long, value_enum)]
    keep: Option<Keep>,
    /// What both are to become
    #[arg(long, value_name = "TEXT", conflicts_with = "keep")]
    content: Option<String>,
    /// The entry was changed since: refuse unless this is its version now
    #[arg(long, value_name = "NUMBER")]
    expected_version: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Keep {
    /// The version that came first
    A,
    /// The version that took its place
    B,
}

pub(crate) async fn run(invocation: &Invocation, command: ConflictCommand) -> Result<(), Failure> {
    let request = match command {
        ConflictCommand::List { kind, entry, all, page } => Request::ListConflicts(ListConflicts {
            kind,
            resolved: if all { None } else { Some(false) },
            entry_id: entry,
            limit: page.limit,
            offset: page.offset,
        }),
        ConflictCommand::Show { id } => Request::GetConflict(GetConflict { id }),
        ConflictCommand::Resolve(args) => Request::ResolveConflict(ResolveConflict {
            id: args.id,
            resolution: args.resolution,
            pick: match (args.keep, args.content) {
                (_, Some(content)) => ConflictPick::Merged(content),
                (Some(Keep::A), None) => ConflictPick::First,
                (Some(Keep::B), None) => ConflictPick::Second,
                (None, None) => ConflictPick::Current,
            },
            expected_version: args.expected_version,
            resolved_by: None,
        }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
