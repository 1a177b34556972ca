//! `cluster status`: the daemons that serve one store together.

use agent_memory_proto::Request;
use clap::Subcommand;

use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// List the daemons of the store, with their load, breakers and lag
    Status,
}

pub(crate) async fn run(invocation: &Invocation, command: ClusterCommand) -> Result<(), Failure> {
    let request = match command {
        ClusterCommand::Status => Request::ClusterStatus,
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, None);
    Ok(())
}
