//! `query context`: the memory of a scope under a token budget.

use agent_memory_proto::{Request, model::EntryKind, request::GetContext};
use clap::Args;

use crate::{commands::entry::kind, failure::Failure, invocation::Invocation, scope_argument::ScopeArgument};

#[derive(Args, Debug)]
pub(crate) struct ContextArgs {
    /// What the agent is about to do; ranks knowledge and tools
    query: Option<String>,
    /// Only this kind; may be given several times
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<EntryKind>,
    /// Tokens at most
    #[arg(long, value_name = "TOKENS")]
    budget: Option<u32>,
    /// Entries of each kind at most
    #[arg(long, value_name = "NUMBER")]
    limit_per_kind: Option<u32>,
    /// Of which scope [default: the project, else global]
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeArgument>,
    /// Without the wider scopes
    #[arg(long)]
    exact: bool,
}

pub(crate) async fn run(invocation: &Invocation, args: ContextArgs) -> Result<(), Failure> {
    let scope = invocation.scope_to_read(args.scope.as_ref()).await?;
    let request = GetContext {
        scope,
        inherit: !args.exact,
        query: args.query,
        kinds: args.kinds,
        budget_tokens: args.budget,
        limit_per_kind: args.limit_per_kind,
    };
    let response = invocation.call(Request::GetContext(request)).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
