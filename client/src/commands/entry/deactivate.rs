//! `deactivate`: hides an entry.

use agent_memory_proto::{Request, model::EntryKind, request::DeactivateEntry};
use clap::Args;

use super::target::Target;
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct DeactivateArgs {
    #[command(flatten)]
    target: Target,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

pub(crate) async fn run(
    invocation: &Invocation,
    kind: EntryKind,
    args: DeactivateArgs,
) -> Result<(), Failure> {
    let id = args.target.id(invocation, kind, true).await?;
    let request = DeactivateEntry { kind, id, updated_by: None, change_reason: args.reason };
    let response = invocation.call(Request::DeactivateEntry(request)).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
