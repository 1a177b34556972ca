//! memory_forget: hides what is old or unimportant, by a rule.

use agent_memory_proto::{
    Request, limits,
    request::{Forget, ForgetStrategy},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, consolidate,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_forget",
    actions: &["analyze", "forget"],
    parameters: &[
        "action",
        "scopeType",
        "scopeId",
        "entryTypes",
        "strategy",
        "staleDays",
        "minAccessCount",
        "importanceThreshold",
        "limit",
        "cursor",
        "dryRun",
        "project",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let dry_run = call.flag("dryRun")?.unwrap_or(true);
    let below = call.number("importanceThreshold", 0.0..=1.0)?;
    Ok(Request::Forget(Box::new(Forget {
        scope: scopes.to_write(call)?,
        kinds: consolidate::kinds(call)?,
        strategy: call.word("strategy")?.unwrap_or(ForgetStrategy::Recency),
        stale_days: consolidate::stale_days(call)?,
        importance_threshold: below.unwrap_or(limits::IMPORTANCE_DEFAULT),
        limit: consolidate::limit(call)?,
        cursor: call.text("cursor")?,
        dry_run: dry_run || action == "analyze",
        forgotten_by: None,
    })))
}
