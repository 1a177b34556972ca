//! `update`: a new version of an entry.

use agent_memory_proto::{
    Request,
    request::{EntryPatch, UpdateEntry},
};
use clap::Args;

use super::{EntryFields, add::show_written, fields::Cleared, target::Target};
use crate::{
    content::{Content, json},
    failure::Failure,
    invocation::Invocation,
};

#[derive(Args, Debug)]
pub(crate) struct UpdateArgs<F: EntryFields> {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    content: Content,
    /// New name or title
    #[arg(long = "name", value_name = "NAME")]
    new_name: Option<String>,
    /// New category
    #[arg(long)]
    category: Option<String>,
    /// A tag; those given replace all the old ones
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Removes all tags
    #[arg(long, conflicts_with = "tags")]
    no_tags: bool,
    /// New metadata, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// Empties a field; may be given several times
    #[arg(long, value_name = "FIELD")]
    clear: Vec<String>,
    /// Refuses when this is not the current version
    #[arg(long, value_name = "NUMBER")]
    expected_version: Option<u32>,
    /// Why it changes
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    fields: F,
}

pub(crate) async fn run<F: EntryFields>(invocation: &Invocation, args: UpdateArgs<F>) -> Result<(), Failure> {
    let content = args.content.read()?;
    let metadata = json("metadata", args.metadata.as_deref(), "a JSON object")?;
    let cleared = Cleared::new::<F>(args.clear)?;
    let body = args.fields.patch(content, &cleared)?;
    let id = args.target.id(invocation, F::KIND, true).await?;
    let patch = EntryPatch {
        name: args.new_name,
        category: cleared.or("category", args.category),
        tags: (args.no_tags || !args.tags.is_empty()).then_some(args.tags),
        metadata: cleared.or("metadata", metadata),
        body,
        updated_by: None,
        change_reason: args.reason,
    };
    let request = UpdateEntry { id, expected_version: args.expected_version, patch };
    let response = invocation.call(Request::UpdateEntry(request)).await?;
    show_written(invocation, response).await
}
