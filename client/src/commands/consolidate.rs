//! `consolidate find-similar|dedupe|merge|archive-stale`.

use agent_memory_proto::{
    Request, limits,
    model::EntryKind,
    request::{Consolidate, ConsolidateAction},
};
use clap::{Args, Subcommand};

use super::entry::kind;
use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Debug, Subcommand)]
pub(crate) enum ConsolidateCommand {
    /// Show groups of entries that say the same
    FindSimilar(SimilarArgs),
    /// Keep the best entry of each group, and hide the others, which name it as their successor
    Dedupe {
        #[command(flatten)]
        similar: SimilarArgs,
        #[command(flatten)]
        run: RunArgs,
    },
    /// As dedupe, and the best entry takes what only the others say
    Merge {
        #[command(flatten)]
        similar: SimilarArgs,
        #[command(flatten)]
        run: RunArgs,
    },
    /// Hide entries that nobody changed for long
    ArchiveStale {
        #[command(flatten)]
        part: PartArgs,
        /// After so many days without a change
        #[arg(long, value_name = "DAYS", default_value_t = limits::STALE_DAYS_DEFAULT)]
        stale_days: u32,
        #[command(flatten)]
        run: RunArgs,
    },
}

/// Which entries.
#[derive(Args, Debug)]
pub(crate) struct PartArgs {
    /// Of this scope alone [default: the project]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<ScopeArgument>,
    /// Of this kind: guideline, knowledge or tool; may be given several times
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    pub(crate) kinds: Vec<EntryKind>,
    /// At most this many groups or entries, 1 to 100
    #[arg(long, value_name = "NUMBER", default_value_t = limits::PAGE_ROWS_DEFAULT)]
    pub(crate) limit: u32,
    /// Go on where an earlier answer ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SimilarArgs {
    #[command(flatten)]
    part: PartArgs,
    /// Share of words in common from which on entries say the same, 0.3 to 1
    #[arg(long, value_name = "NUMBER", default_value_t = limits::SIMILARITY_DEFAULT)]
    threshold: f64,
}

/// Whether it is done.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RunArgs {
    /// Do it; without this it is only shown what would be done
    #[arg(long)]
    pub(crate) apply: bool,
}

pub(crate) async fn run(invocation: &Invocation, command: ConsolidateCommand) -> Result<(), Failure> {
    let (default, days) = (limits::SIMILARITY_DEFAULT, limits::STALE_DAYS_DEFAULT);
    let (action, part, threshold, stale_days, apply) = match command {
        ConsolidateCommand::FindSimilar(similar) => {
            (ConsolidateAction::FindSimilar, similar.part, similar.threshold, days, false)
        }
        ConsolidateCommand::Dedupe { similar, run } => {
            (ConsolidateAction::Dedupe, similar.part, similar.threshold, days, run.apply)
        }
        ConsolidateCommand::Merge { similar, run } => {
            (ConsolidateAction::Merge, similar.part, similar.threshold, days, run.apply)
        }
        ConsolidateCommand::ArchiveStale { part, stale_days, run } => {
            (ConsolidateAction::ArchiveStale, part, default, stale_days, run.apply)
        }
    };
    let request = Request::Consolidate(Box::new(Consolidate {
        action,
        scope: invocation.scope_to_write(part.scope.as_ref()).await?,
        kinds: part.kinds,
        threshold,
        stale_days,
        limit: part.limit,
        cursor: part.cursor,
        dry_run: !apply,
        consolidated_by: None,
    }));
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
