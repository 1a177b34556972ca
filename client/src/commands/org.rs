//! `org create|list`.

use agent_memory_proto::{
    Request,
    request::{CreateOrg, ListOrgs},
};
use clap::Subcommand;

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation};

#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Create an organisation
    Create {
        /// Its name, unique
        name: String,
        /// Anything else, as a JSON object
        #[arg(long, value_name = "JSON")]
        metadata: Option<String>,
    },
    /// List organisations
    List(Page),
}

pub(crate) async fn run(invocation: &Invocation, command: OrgCommand) -> Result<(), Failure> {
    let request = match command {
        OrgCommand::Create { name, metadata } => {
            let metadata = content::json("metadata", metadata.as_deref(), "a JSON object")?;
            Request::CreateOrg(CreateOrg { id: None, name, metadata })
        }
        OrgCommand::List(page) => Request::ListOrgs(ListOrgs { limit: page.limit, offset: page.offset }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, None);
    Ok(())
}
