//! `agent register|list|revoke`.

use agent_memory_proto::{
    Request,
    request::{ListAgents, RegisterAgent, RevokeAgent},
};
use clap::Subcommand;

use super::entry::Page;
use crate::{failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum AgentCommand {
    /// Make a token that proves an agent's name, and print it this once; one that it had before is worthless then
    Register {
        /// The agent's name
        name: String,
    },
    /// List the agents that have a token, and whether names are proved
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Take the token of an agent back: it holds at once
    Revoke {
        /// The agent's name
        name: String,
    },
}

pub(crate) async fn run(invocation: &Invocation, command: AgentCommand) -> Result<(), Failure> {
    let admin_key = invocation.admin_key();
    let response = invocation
        .call(match command {
            AgentCommand::Register { name } => Request::RegisterAgent(RegisterAgent { name, admin_key }),
            AgentCommand::List { page } => {
                Request::ListAgents(ListAgents { admin_key, limit: page.limit, offset: page.offset })
            }
            AgentCommand::Revoke { name } => Request::RevokeAgent(RevokeAgent { name, admin_key }),
        })
        .await?;
    invocation.output.show(&response, None);
    Ok(())
}
