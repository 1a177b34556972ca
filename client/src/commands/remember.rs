//! `remember`: stores plain text as the kind of entry it looks like.

use agent_memory_proto::{
    Request,
    model::{EntryKind, Id},
    request::{Remember, RememberInstead},
};
use clap::Args;

use super::entry::kind;
use crate::{content::Content, failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Args, Debug)]
pub(crate) struct RememberArgs {
    #[command(flatten)]
    text: Content,
    /// The kind, instead of the inferred one
    #[arg(long, value_parser = kind)]
    kind: Option<EntryKind>,
    /// The priority, if it becomes a guideline (0 to 100)
    #[arg(long, value_name = "NUMBER")]
    priority: Option<u8>,
    /// A tag; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// An entry that it takes the place of, by id; may be given several times
    #[arg(long, value_name = "ID")]
    supersedes: Vec<Id>,
    /// Where it goes [default: the project]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
}

pub(crate) async fn run(invocation: &Invocation, args: RememberArgs) -> Result<(), Failure> {
    let text = args.text.require("text")?;
    let scope = invocation.scope_to_write(args.scope.as_ref()).await?;
    let remember = Remember { text, scope, force_kind: args.kind, priority: args.priority, tags: args.tags };
    let request = match args.supersedes.is_empty() {
        true => Request::Remember(remember),
        false => {
            Request::RememberInstead(Box::new(RememberInstead { remember, supersedes: args.supersedes }))
        }
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
