//! `relation create|list|delete`.

use agent_memory_proto::{
    Request,
    model::{Id, RelationKind},
    request::{CreateRelation, DeleteRelation, ListRelations},
};
use clap::Subcommand;

use super::entry::Page;
use crate::{content, failure::Failure, invocation::Invocation, node_argument::NodeArgument};

#[derive(Debug, Subcommand)]
pub(crate) enum RelationCommand {
    /// Say that one entry or project has to do with another
    Create {
        /// Where it begins: KIND:ID or KIND:NAME, as knowledge:port
        source: NodeArgument,
        /// How the first stands to the second
        #[arg(value_name = "RELATION")]
        kind: RelationKind,
        /// Where it ends
        target: NodeArgument,
        /// Anything else, as a JSON object
        #[arg(long, value_name = "JSON")]
        metadata: Option<String>,
    },
    /// List relations
    List {
        /// Only from this entry or project
        #[arg(long, value_name = "KIND:ID|NAME")]
        source: Option<NodeArgument>,
        /// Only to this entry or project
        #[arg(long, value_name = "KIND:ID|NAME")]
        target: Option<NodeArgument>,
        /// Only of this kind
        #[arg(long, value_name = "RELATION")]
        kind: Option<RelationKind>,
        #[command(flatten)]
        page: Page,
    },
    /// Remove a relation
    Delete {
        /// Its id
        id: Id,
    },
}

pub(crate) async fn run(invocation: &Invocation, command: RelationCommand) -> Result<(), Failure> {
    let request = match command {
        RelationCommand::Create { source, kind, target, metadata } => {
            Request::CreateRelation(CreateRelation {
                source: source.node(invocation).await?,
                target: target.node(invocation).await?,
                kind,
                metadata: content::json("metadata", metadata.as_deref(), "a JSON object")?,
                created_by: None,
            })
        }
        RelationCommand::List { source, target, kind, page } => Request::ListRelations(ListRelations {
            source: NodeArgument::node_of(source.as_ref(), invocation).await?,
            target: NodeArgument::node_of(target.as_ref(), invocation).await?,
            kind,
            limit: page.limit,
            offset: page.offset,
        }),
        RelationCommand::Delete { id } => Request::DeleteRelation(DeleteRelation { id }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
