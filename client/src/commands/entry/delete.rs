//! `delete`: removes an entry and its history for good.

use agent_memory_proto::{Request, model::EntryKind, request::DeleteEntry};
use clap::Args;

use super::target::Target;
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    target: Target,
}

pub(crate) async fn run(invocation: &Invocation, kind: EntryKind, args: DeleteArgs) -> Result<(), Failure> {
    let id = args.target.id(invocation, kind, true).await?;
    let response = invocation.call(Request::DeleteEntry(DeleteEntry { kind, id })).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
