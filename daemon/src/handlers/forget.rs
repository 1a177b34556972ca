//! Forget what is old or unimportant, and archive what is stale: both hide entries by a rule.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    request::{Consolidate, Forget, ForgetStrategy},
    response::{Consolidated, Forgotten, TidiedEntry},
};

use super::{
    Call, Handled,
    scan::{Scan, check, unchanged_since},
};
use crate::{
    hygiene::{Rule, is_protected, told},
    store::{Tidy, TidyChange, TidyStep, Write},
};

/// Entries that one call looks at.
const EXAMINED_MAX: u64 = 20_000;

pub(super) async fn handle(call: Call, request: Forget) -> Handled {
    let rule = rule(&call, &request)?;
    check(&call, request.scope, !request.dry_run, request.limit).await?;
    let by = call.agent_or("agentId", request.forgotten_by.clone())?;
    let scan = Scan::new(&call, request.scope, &request.kinds, request.cursor.as_deref())?;
    let reason = format!("forgotten by the rule {}", request.strategy);
    let found = apply(&call, scan, rule, request.limit, &reason).await?;
    let answer = Response::Forgotten(Box::new(Forgotten {
        strategy: request.strategy,
        scope: request.scope,
        dry_run: request.dry_run,
        stale_days: request.stale_days,
        importance_threshold: request.importance_threshold,
        examined: found.examined,
        protected: found.protected,
        entries: found.entries,
        next_cursor: found.next_cursor,
    }));
    if request.dry_run {
        return Ok(answer.into());
    }
    call.write(Write::Tidy(Box::new(Tidy { scope: request.scope, steps: found.steps, by, answer }))).await
}

fn rule(call: &Call, request: &Forget) -> Result<Rule, ErrorBody> {
    let since_ms = unchanged_since(call, request.stale_days)?;
    let below = request.importance_threshold;
    if !(0.0..=1.0).contains(&below) {
        return Err(ErrorBody::invalid("importanceThreshold", below, "0 to 1"));
    }
    let (is_recency, is_importance) = match request.strategy {
        ForgetStrategy::Recency => (true, false),
        ForgetStrategy::Importance => (false, true),
        ForgetStrategy::Combined => (true, true),
        ForgetStrategy::Frequency => {
            return Err(ErrorBody::new(
                ErrorCode::InvalidParameter,
                "how often an entry is read is not counted, so nothing can be forgotten by it",
            )
            .with_field("strategy")
            .with_value(request.strategy)
            .with_allowed("recency, importance, combined")
            .with_suggestion("Use recency: what nobody changed for long"));
        }
    };
    Ok(Rule {
        unchanged_since_ms: is_recency.then_some(since_ms),
        importance_below: is_importance.then_some(below),
    })
}

/// What a rule found, and what is to become of it.
struct Found {
    examined: u64,
    protected: u64,
    entries: Vec<TidiedEntry>,
    steps: Vec<TidyStep>,
    next_cursor: Option<String>,
}

async fn apply(
    call: &Call,
    mut scan: Scan<'_>,
    rule: Rule,
    limit: u32,
    reason: &str,
) -> Result<Found, ErrorBody> {
    let (mut entries, mut steps, mut protected) = (Vec::new(), Vec::new(), 0);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = loop {
        if entries.len() >= limit || scan.examined >= EXAMINED_MAX || scan.is_late() {
            break scan.place().map(|id| id.to_string());
        }
        let Some(entry) = scan.next().await? else { break None };
        if !rule.fits(&entry) {
            continue;
        }
        if is_protected(&entry) {
            protected += 1;
            continue;
        }
        let change = TidyChange::Hide { reason: reason.to_owned() };
        steps.push(super::consolidate::step(call, &entry, change));
        entries.push(told(&entry, 0.0));
    };
    Ok(Found { examined: scan.examined, protected, entries, steps, next_cursor })
}

/// What nobody changed for long, and the steps that hide it.
pub(super) async fn stale(
    call: &Call,
    request: &Consolidate,
) -> Result<(Consolidated, Vec<TidyStep>), ErrorBody> {
    let since_ms = unchanged_since(call, request.stale_days)?;
    let rule = Rule { unchanged_since_ms: Some(since_ms), importance_below: None };
    let scan = Scan::new(call, request.scope, &request.kinds, request.cursor.as_deref())?;
    let reason = format!("archived: nobody changed it for {} days", request.stale_days);
    let found = apply(call, scan, rule, request.limit, &reason).await?;
    let report = Consolidated {
        examined: found.examined,
        protected: found.protected,
        stale: found.entries,
        next_cursor: found.next_cursor,
        ..super::consolidate::nothing(request)
    };
    Ok((report, found.steps))
}
