//! `history`: the versions of an entry, newest first.

use agent_memory_proto::{Request, model::EntryKind, request::EntryHistory};
use clap::Args;

use super::{Page, target::Target};
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(invocation: &Invocation, kind: EntryKind, args: HistoryArgs) -> Result<(), Failure> {
    let id = args.target.id(invocation, kind, false).await?;
    let request = EntryHistory { kind, id, limit: args.page.limit, offset: args.page.offset };
    let response = invocation.call(Request::EntryHistory(request)).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
