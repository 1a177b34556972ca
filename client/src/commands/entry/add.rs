//! `add`: a new entry.

use agent_memory_proto::{
    Request, Response,
    model::Id,
    request::{AddEntry, AddEntryInstead, EntryDraft},
};
use clap::Args;

use super::{EntryFields, get};
use crate::{
    content::{Content, json},
    failure::Failure,
    invocation::Invocation,
    scope_argument::ScopeArgument,
};

#[derive(Args, Debug)]
pub(crate) struct AddArgs<F: EntryFields> {
    /// Its name (the title of knowledge), unique in its scope
    name: String,
    #[command(flatten)]
    content: Content,
    /// Where it goes [default: the project]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
    /// Its category
    #[arg(long)]
    category: Option<String>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// An entry that it takes the place of, by id; may be given several times
    #[arg(long, value_name = "ID")]
    supersedes: Vec<Id>,
    /// Why it is added
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    fields: F,
}

pub(crate) async fn run<F: EntryFields>(invocation: &Invocation, args: AddArgs<F>) -> Result<(), Failure> {
    let content = args.content.require(F::CONTENT)?;
    let metadata = json("metadata", args.metadata.as_deref(), "a JSON object")?;
    let body = args.fields.body(content)?;
    let scope = invocation.scope_to_write(args.scope.as_ref()).await?;
    let draft = EntryDraft {
        scope,
        name: args.name,
        category: args.category,
        tags: args.tags,
        metadata,
        body,
        created_by: None,
        change_reason: args.reason,
    };
    let add = AddEntry { id: None, draft };
    let request = AddEntryInstead { add, supersedes: args.supersedes, find_similar: true };
    let response = invocation.call(Request::AddEntryInstead(Box::new(request))).await?;
    show_written(invocation, response).await
}

/// Shows a write. Programs get the whole entry, as the original answers it: it is read back.
pub(crate) async fn show_written(invocation: &Invocation, response: Response) -> Result<(), Failure> {
    match &response {
        Response::EntryAdded(added) if invocation.output.is_json() => {
            let entry = get::by_id(invocation, added.written.kind, added.written.id).await?;
            invocation.output.added_entry(added, &entry);
        }
        Response::Written(written) if invocation.output.is_json() => {
            let entry = get::by_id(invocation, written.kind, written.id).await?;
            invocation.output.written_entry(written, &entry);
        }
        _ => invocation.output.show(&response, invocation.known_project()),
    }
    Ok(())
}
