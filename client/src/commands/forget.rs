//! `forget`: hides what is old or unimportant, by a rule.

use agent_memory_proto::{
    Request, limits,
    request::{Forget, ForgetStrategy},
};
use clap::Args;

use super::consolidate::{PartArgs, RunArgs};
use crate::{failure::Failure, invocation::Invocation};

#[derive(Args, Debug)]
pub(crate) struct ForgetArgs {
    /// recency (nobody changed it for long), importance (its priority or confidence is low), or combined (both)
    #[arg(long, default_value_t = ForgetStrategy::Recency)]
    strategy: ForgetStrategy,
    /// After so many days without a change an entry is old
    #[arg(long, value_name = "DAYS", default_value_t = limits::STALE_DAYS_DEFAULT)]
    stale_days: u32,
    /// What is below is unimportant, 0 to 1: a hundredth of a priority, or a confidence
    #[arg(long, value_name = "NUMBER", default_value_t = limits::IMPORTANCE_DEFAULT)]
    importance_below: f64,
    #[command(flatten)]
    part: PartArgs,
    #[command(flatten)]
    run: RunArgs,
}

pub(crate) async fn run(invocation: &Invocation, args: ForgetArgs) -> Result<(), Failure> {
    let request = Request::Forget(Box::new(Forget {
        scope: invocation.scope_to_write(args.part.scope.as_ref()).await?,
        kinds: args.part.kinds,
        strategy: args.strategy,
        stale_days: args.stale_days,
        importance_threshold: args.importance_below,
        limit: args.part.limit,
        cursor: args.part.cursor,
        dry_run: !args.run.apply,
        forgotten_by: None,
    }));
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}
