//! `list`: the entries of a scope.

use agent_memory_client::render;
use agent_memory_proto::{Request, Response, model::EntryKind, request::ListEntries};
use clap::Args;

use super::Page;
use crate::{failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Of which scope [default: the project, else global]
    #[arg(long, value_name = "SCOPE", conflicts_with = "all_scopes")]
    scope: Option<ScopeArgument>,
    /// Of every scope
    #[arg(long)]
    all_scopes: bool,
    /// Without the wider scopes
    #[arg(long)]
    exact: bool,
    /// Also what was deactivated
    #[arg(long)]
    include_inactive: bool,
    /// Only this category
    #[arg(long)]
    category: Option<String>,
    #[command(flatten)]
    page: Page,
}

pub(crate) async fn run(invocation: &Invocation, kind: EntryKind, args: ListArgs) -> Result<(), Failure> {
    let scope = match args.all_scopes {
        true => None,
        false => Some(invocation.scope_to_read(args.scope.as_ref()).await?),
    };
    let request = ListEntries {
        kind,
        scope,
        inherit: !args.exact,
        include_inactive: args.include_inactive,
        category: args.category,
        limit: args.page.limit,
        offset: args.page.offset,
    };
    let response = invocation.call(Request::ListEntries(request)).await?;
    match &response {
        // An empty page does not tell its kind; the command does.
        Response::Entries(page) if invocation.output.is_json() => {
            invocation.output.json(&render::entry_page_of(kind, page));
        }
        _ => invocation.output.show(&response, invocation.known_project()),
    }
    Ok(())
}
