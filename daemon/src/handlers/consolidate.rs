//! Consolidate a scope: find entries that say the same, and join them. Each entry is compared with a bounded number of
//! candidates that the full-text index gives, never with every other one.

use std::collections::HashSet;

use agent_memory_proto::{
    ErrorBody, Response, limits,
    model::{Entry, Id},
    request::{Consolidate, ConsolidateAction},
    response::{Consolidated, SimilarGroup},
};

use super::{
    Call, Handled, forget,
    scan::{Scan, check, unchanged_since},
};
use crate::{
    hygiene::{best, merged, told},
    store::{SimilarQuery, Tidy, TidyChange, TidyStep, Write, likeness},
};

/// Entries that one call compares with others.
const EXAMINED_MAX: u64 = 1_000;
/// Entries that one call changes, save those of its last group.
const STEPS_MAX: usize = 500;

pub(super) async fn handle(call: Call, request: Consolidate) -> Handled {
    if !(limits::SIMILARITY_MIN..=1.0).contains(&request.threshold) {
        let allowed = format!("{} to 1", limits::SIMILARITY_MIN);
        return Err(ErrorBody::invalid("threshold", request.threshold, allowed));
    }
    unchanged_since(&call, request.stale_days)?;
    let changes = request.changes_entries();
    check(&call, request.scope, changes, request.limit).await?;
    let by = call.agent_or("consolidatedBy", request.consolidated_by.clone())?;
    let (report, steps) = match request.action {
        ConsolidateAction::ArchiveStale => forget::stale(&call, &request).await?,
        _ => groups(&call, &request).await?,
    };
    let answer = Response::Consolidated(Box::new(report));
    if !changes {
        return Ok(answer.into());
    }
    call.write(Write::Tidy(Box::new(Tidy { scope: request.scope, steps, by, answer }))).await
}

/// The report of a call that found nothing.
pub(super) fn nothing(request: &Consolidate) -> Consolidated {
    Consolidated {
        action: request.action,
        scope: request.scope,
        dry_run: !request.changes_entries(),
        threshold: request.threshold,
        stale_days: request.stale_days,
        examined: 0,
        protected: 0,
        groups: Vec::new(),
        stale: Vec::new(),
        next_cursor: None,
    }
}

/// One step of what is done about an entry.
pub(super) fn step(call: &Call, entry: &Entry, change: TidyChange) -> TidyStep {
    TidyStep {
        kind: entry.kind(),
        id: entry.id,
        expected_version: entry.version.number,
        version_id: call.new_id(),
        change,
    }
}

async fn groups(call: &Call, request: &Consolidate) -> Result<(Consolidated, Vec<TidyStep>), ErrorBody> {
    let mut scan = Scan::new(call, request.scope, &request.kinds, request.cursor.as_deref())?;
    let begun_after = scan.place();
    let (mut groups, mut steps, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let next_cursor = loop {
        let is_full = groups.len() >= limit || steps.len() >= STEPS_MAX;
        if is_full || scan.examined >= EXAMINED_MAX || scan.is_late() {
            break scan.place().map(|id| id.to_string());
        }
        let Some(first) = scan.next().await? else { break None };
        if taken.contains(&first.id) {
            continue;
        }
        let entries = alike(call, request, first, begun_after, &taken).await?;
        if let Some((group, of_group)) = joined(call, request, &entries) {
            taken.extend(group.others.iter().chain([&group.best]).map(|entry| entry.id));
            groups.push(group);
            steps.extend(of_group);
        }
    };
    Ok((Consolidated { examined: scan.examined, groups, next_cursor, ..nothing(request) }, steps))
}

/// An entry and those that are alike and in no group yet. One that is like an entry of an earlier page was compared
/// with it there: it is left to that.
async fn alike(
    call: &Call,
    request: &Consolidate,
    first: Entry,
    begun_after: Option<Id>,
    taken: &HashSet<Id>,
) -> Result<Vec<Entry>, ErrorBody> {
    let query = SimilarQuery {
        name: first.name.clone(),
        text: first.version.body.text().to_owned(),
        kinds: vec![first.kind()],
        scopes: vec![request.scope],
        similarity_min: request.threshold,
        limit: u32::MAX,
        deadline: call.deadline,
    };
    let found = call.services.store.search.similar(query).await?;
    let others: Vec<Id> = found.iter().map(|one| one.id).filter(|id| *id != first.id).collect();
    if begun_after.is_some_and(|after| others.iter().any(|id| *id <= after)) {
        return Ok(Vec::new());
    }
    let kind = first.kind();
    let mut entries = vec![first];
    for id in others.into_iter().filter(|id| !taken.contains(id)).take(limits::GROUP_ENTRIES_MAX - 1) {
        let entry = call.services.store.entries.get(kind, id).await?;
        entries.extend(entry.filter(|entry| entry.is_active && entry.scope == request.scope));
    }
    Ok(entries)
}

/// The group that entries make, and what is done about it; `None` when there are no two.
fn joined(call: &Call, request: &Consolidate, entries: &[Entry]) -> Option<(SimilarGroup, Vec<TidyStep>)> {
    let best = best(entries)?;
    let mut others: Vec<(f64, Entry)> = entries
        .iter()
        .filter(|entry| entry.id != best.id)
        .map(|entry| (likeness(best, entry), entry.clone()))
        .filter(|(similarity, _)| *similarity >= request.threshold)
        .collect();
    if others.is_empty() {
        return None;
    }
    others.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.id.cmp(&other.id)));
    let mut group = SimilarGroup {
        best: told(best, 1.0),
        others: others.iter().map(|(similarity, entry)| told(entry, *similarity)).collect(),
        taken: None,
        left_alone: None,
    };
    let others: Vec<Entry> = others.into_iter().map(|(_, entry)| entry).collect();
    let kept = match request.action {
        ConsolidateAction::Dedupe => TidyChange::Keep,
        ConsolidateAction::Merge => match merged(best, &others) {
            Ok(merged) => {
                group.taken = Some(merged.taken.clone());
                let reason = format!("merged: {}", merged.taken);
                let merge = |body| TidyChange::Merge { body, tags: merged.tags, reason };
                merged.body.map_or(TidyChange::Keep, merge)
            }
            Err(reason) => {
                group.left_alone = Some(reason);
                return Some((group, Vec::new()));
            }
        },
        ConsolidateAction::FindSimilar | ConsolidateAction::ArchiveStale => return Some((group, Vec::new())),
    };
    let mut steps = vec![step(call, best, kept)];
    let superseded = |entry| step(call, entry, TidyChange::Supersede { successor: best.id });
    steps.extend(others.iter().map(superseded));
    Some((group, steps))
}
