//! memory_consolidate: entries that say the same, and those that nobody changed for long.

use agent_memory_proto::{
    ErrorBody, Request, limits,
    model::EntryKind,
    request::{Consolidate, ConsolidateAction},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_consolidate",
    actions: &["find_similar", "dedupe", "merge", "archive_stale"],
    parameters: &[
        "action",
        "scopeType",
        "scopeId",
        "entryTypes",
        "threshold",
        "staleDays",
        "limit",
        "cursor",
        "dryRun",
        "consolidatedBy",
        "minRecencyScore",
        "project",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    let action: ConsolidateAction = action.parse().map_err(|_| unplanned(action))?;
    if call.has("minRecencyScore") {
        let error =
            ErrorBody::invalid("minRecencyScore", "a score", "staleDays: entries have no score of recency");
        return Err(Box::new(error.with_suggestion("Give staleDays")));
    }
    let consolidate = Consolidate {
        action,
        scope: scopes.to_write(call)?,
        kinds: kinds(call)?,
        threshold: call
            .number("threshold", limits::SIMILARITY_MIN..=1.0)?
            .unwrap_or(limits::SIMILARITY_DEFAULT),
        stale_days: stale_days(call)?,
        limit: limit(call)?,
        cursor: call.text("cursor")?,
        dry_run: call.flag("dryRun")?.unwrap_or(true),
        consolidated_by: call.text("consolidatedBy")?,
    };
    Ok(Request::Consolidate(Box::new(consolidate)))
}

pub(super) fn stale_days(call: &mut Arguments) -> Result<u32, Refusal> {
    let given = call.integer("staleDays", 1..=limits::STALE_DAYS_MAX)?;
    Ok(given.unwrap_or(limits::STALE_DAYS_DEFAULT))
}

pub(super) fn limit(call: &mut Arguments) -> Result<u32, Refusal> {
    Ok(call.integer("limit", 1..=limits::TIDIED_MAX)?.unwrap_or(limits::PAGE_ROWS_DEFAULT))
}

/// The kinds that `entryTypes` lists; none for all.
pub(super) fn kinds(call: &mut Arguments) -> Result<Vec<EntryKind>, Refusal> {
    let texts = call.texts("entryTypes")?.unwrap_or_default();
    let read = |text: &String| {
        text.parse()
            .map_err(|()| Box::new(ErrorBody::invalid("entryTypes", text, "guideline, knowledge, tool")))
    };
    texts.iter().map(read).collect()
}
