//! What makes room for other entries, what says the same, and what is forgotten.

use agent_memory_proto::{
    request::ConsolidateAction,
    response::{
        Consolidated, EntryAdded, Forgotten, RememberedInstead, SimilarEntry, SimilarGroup, TidiedEntry,
        Written,
    },
};
use serde_json::{Value, json};

use super::{object, put_scope, remembered, time, written};

/// A new entry, with what it superseded and what may say the same.
#[must_use]
pub fn added(report: &EntryAdded) -> Value {
    let mut fields = object(written(&report.written));
    fields.insert("superseded".to_owned(), retired(&report.superseded));
    fields.insert("similar".to_owned(), similar(&report.similar));
    Value::Object(fields)
}

pub(super) fn remembered_instead(report: &RememberedInstead) -> Value {
    let mut fields = object(remembered(&report.remembered));
    fields.insert("superseded".to_owned(), retired(&report.superseded));
    Value::Object(fields)
}

fn retired(all: &[Written]) -> Value {
    let one = |one: &Written| {
        let mut fields = object(json!({
            "id": one.id,
            "type": one.kind.name(),
            one.kind.name_field(): one.name,
            "currentVersion": { "versionNum": one.version },
        }));
        put_scope(&mut fields, one.scope);
        Value::Object(fields)
    };
    all.iter().map(one).collect()
}

/// Entries that may say the same.
pub(super) fn similar(all: &[SimilarEntry]) -> Value {
    let one = |entry: &SimilarEntry| {
        let mut fields = object(json!({
            "id": entry.id,
            "type": entry.kind.name(),
            entry.kind.name_field(): entry.name,
            "similarity": entry.similarity,
        }));
        put_scope(&mut fields, entry.scope);
        Value::Object(fields)
    };
    all.iter().map(one).collect()
}

/// What a consolidation found and did.
pub(super) fn consolidated(report: &Consolidated) -> Value {
    let in_groups: usize = report.groups.iter().map(|group| 1 + group.others.len()).sum();
    let hidden = done(report.dry_run, report.hidden());
    let mut fields = object(json!({
        "action": report.action.name(),
        "dryRun": report.dry_run,
        "entriesProcessed": report.examined,
        "nextCursor": report.next_cursor,
        "success": true,
    }));
    put_scope(&mut fields, report.scope);
    fields.extend(object(match report.action {
        ConsolidateAction::ArchiveStale => json!({
            "staleDays": report.stale_days,
            "entriesFound": report.stale.len(),
            "entriesArchived": hidden,
            "entriesProtected": report.protected,
            "entries": report.stale.iter().map(entry).collect::<Value>(),
        }),
        action => json!({
            "threshold": report.threshold,
            "groupsFound": report.groups.len(),
            "entriesInGroups": in_groups,
            "entriesMerged": if action == ConsolidateAction::Merge { hidden } else { 0 },
            "entriesDeactivated": hidden,
            "groups": report.groups.iter().map(group).collect::<Value>(),
        }),
    }));
    Value::Object(fields)
}

const fn done(nothing: bool, count: usize) -> usize {
    if nothing { 0 } else { count }
}

fn group(group: &SimilarGroup) -> Value {
    json!({
        "keep": entry(&group.best),
        "others": group.others.iter().map(entry).collect::<Value>(),
        "averageSimilarity": average(group),
        "taken": group.taken,
        "leftAlone": group.left_alone,
    })
}

#[allow(clippy::cast_precision_loss, reason = "a group is small")]
fn average(group: &SimilarGroup) -> f64 {
    let sum: f64 = group.others.iter().map(|entry| entry.similarity).sum();
    sum / group.others.len().max(1) as f64
}

fn entry(entry: &TidiedEntry) -> Value {
    let mut fields = object(json!({
        "id": entry.id,
        "type": entry.kind.name(),
        entry.kind.name_field(): entry.name,
        "versionNum": entry.version,
        "updatedAt": time(entry.updated_at_ms),
    }));
    let further = [
        ("priority", entry.priority.map(Value::from)),
        ("confidence", entry.confidence.map(Value::from)),
        ("similarity", (entry.similarity > 0.0).then(|| entry.similarity.into())),
    ];
    fields.extend(further.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(fields)
}

/// What a rule found and hid.
pub(super) fn forgotten(report: &Forgotten) -> Value {
    let mut fields = object(json!({
        "success": true,
        "dryRun": report.dry_run,
        "strategy": report.strategy.name(),
        "staleDays": report.stale_days,
        "importanceThreshold": report.importance_threshold,
        "stats": {
            "analyzed": report.examined,
            "candidates": report.entries.len(),
            "forgotten": done(report.dry_run, report.entries.len()),
            "skipped": report.protected,
            "errors": 0,
        },
        "candidates": report.entries.iter().map(entry).collect::<Value>(),
        "nextCursor": report.next_cursor,
    }));
    put_scope(&mut fields, report.scope);
    Value::Object(fields)
}
