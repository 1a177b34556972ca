//! `tag create|list|attach|detach|of`.

use agent_memory_proto::{
    ErrorBody, Request,
    model::{EntryKind, Id, TagCategory},
    request::{CreateTag, EntryTag, ListTags, TagSelector, TagsOfEntry},
};
use clap::Subcommand;

use super::entry::Page;
use crate::{failure::Failure, invocation::Invocation, node_argument::NodeArgument};

#[derive(Debug, Subcommand)]
pub(crate) enum TagCommand {
    /// Create a tag, to say what it is about
    Create {
        /// Its name
        name: String,
        /// language, domain, category, meta or custom
        #[arg(long)]
        category: Option<TagCategory>,
        /// What it means
        #[arg(long)]
        description: Option<String>,
        /// One of a fixed set
        #[arg(long)]
        predefined: bool,
    },
    /// List the tags that were created or are used, with how many entries carry each
    List {
        /// Only of this category
        #[arg(long)]
        category: Option<TagCategory>,
        #[command(flatten)]
        page: Page,
    },
    /// Attach a tag to an entry
    Attach {
        /// The entry: KIND:ID or KIND:NAME, as knowledge:port
        entry: NodeArgument,
        /// The tag, by name or id
        tag: String,
    },
    /// Detach a tag from an entry
    Detach {
        /// The entry: KIND:ID or KIND:NAME
        entry: NodeArgument,
        /// The tag, by name or id
        tag: String,
    },
    /// The tags of an entry
    Of {
        /// The entry: KIND:ID or KIND:NAME
        entry: NodeArgument,
    },
}

pub(crate) async fn run(invocation: &Invocation, command: TagCommand) -> Result<(), Failure> {
    let request = match command {
        TagCommand::Create { name, category, description, predefined } => {
            Request::CreateTag(CreateTag { name, category, description, is_predefined: predefined })
        }
        TagCommand::List { category, page } => {
            Request::ListTags(ListTags { category, limit: page.limit, offset: page.offset })
        }
        TagCommand::Attach { entry, tag } => Request::AttachTag(entry_tag(invocation, &entry, tag).await?),
        TagCommand::Detach { entry, tag } => Request::DetachTag(entry_tag(invocation, &entry, tag).await?),
        TagCommand::Of { entry: argument } => {
            let (kind, id) = entry(invocation, &argument).await?;
            Request::TagsOfEntry(TagsOfEntry { kind, id })
        }
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

async fn entry_tag(
    invocation: &Invocation,
    argument: &NodeArgument,
    tag: String,
) -> Result<EntryTag, Failure> {
    let (kind, id) = entry(invocation, argument).await?;
    let tag = tag.parse::<Id>().map_or(TagSelector::Name(tag), TagSelector::Id);
    Ok(EntryTag { kind, id, tag, updated_by: None })
}

async fn entry(invocation: &Invocation, argument: &NodeArgument) -> Result<(EntryKind, Id), Failure> {
    let node = argument.node(invocation).await?;
    let kind = node.kind.entry().ok_or_else(|| {
        let body = ErrorBody::invalid("entry", node, "a guideline, knowledge or tool: projects have no tags");
        Failure::usage(body)
    })?;
    Ok((kind, node.id))
}
