//! `get`: one entry.

use agent_memory_proto::{
    Request,
    model::{Entry, EntryKind, Id},
    request::{EntrySelector, GetEntry},
};
use clap::Args;

use super::target::{Target, entry};
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    target: Target,
    /// Also when it was deactivated (by id it always is shown)
    #[arg(long)]
    include_inactive: bool,
}

pub(crate) async fn run(invocation: &Invocation, kind: EntryKind, args: GetArgs) -> Result<(), Failure> {
    let selector = args.target.selector(invocation, false).await?;
    let request = GetEntry { kind, selector, include_inactive: args.include_inactive };
    let response = invocation.call(Request::GetEntry(request)).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

/// The entry of an id.
pub(crate) async fn by_id(invocation: &Invocation, kind: EntryKind, id: Id) -> Result<Entry, Failure> {
    let request = GetEntry { kind, selector: EntrySelector::Id(id), include_inactive: true };
    entry(invocation.call(Request::GetEntry(request)).await?)
}
