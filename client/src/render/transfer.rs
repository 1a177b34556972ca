//! What became of an import, in the original's shape.

use agent_memory_proto::{
    model::{EntryKind, ExtraKind},
    response::{ImportCount, ImportOutcome, ImportReport},
};
use serde_json::{Map, Value, json};

/// What became of an import. `created` counts those that took the place of others, too.
#[must_use]
pub fn import_report(report: &ImportReport) -> Value {
    let total = |count: fn(&ImportCount) -> u64| report.counts.iter().map(count).sum::<u64>();
    let details: Map<String, Value> = [EntryKind::Tool, EntryKind::Guideline, EntryKind::Knowledge]
        .into_iter()
        .map(|kind| {
            let count = report.counts.iter().find(|count| count.kind == kind);
            let figure = |figure: fn(&ImportCount) -> u64| count.map_or(0, figure);
            let figures = json!({
                "created": figure(|count| count.created),
                "updated": figure(|count| count.updated),
                "replaced": figure(|count| count.replaced),
                "skipped": figure(|count| count.skipped),
            });
            (kind.plural().to_owned(), figures)
        })
        .collect();
    let errors: Vec<Value> = report
        .refusals
        .iter()
        .map(|refusal| {
            json!({
                "entry": refusal.name,
                "position": refusal.at,
                "error": refusal.error.message,
                "code": refusal.error.code,
                "field": refusal.error.field,
                "suggestion": refusal.error.suggestion,
            })
        })
        .collect();
    json!({
        "success": report.refused_total == 0,
        "applied": report.applied,
        "created": total(|count| count.created),
        "updated": total(|count| count.updated),
        "replaced": total(|count| count.replaced),
        "skipped": total(|count| count.skipped),
        "createdScopes": report.created_scopes,
        "createdScopeCount": report.created_scopes_total,
        "errors": errors,
        "errorCount": report.refused_total,
        "details": details,
    })
}

/// As [`import_report`], with what was beside the entries.
#[must_use]
pub(super) fn import_outcome(outcome: &ImportOutcome) -> Value {
    let mut fields = super::object(import_report(&outcome.report));
    for kind in ExtraKind::ALL {
        let count = outcome.extras.iter().find(|count| count.kind == kind);
        let figures = count.map_or([0; 5], |count| {
            [count.created, count.updated, count.replaced, count.skipped, count.left_out]
        });
        let [created, updated, replaced, skipped, left_out] = figures;
        let mut figures = super::object(json!({
            "created": created, "updated": updated, "replaced": replaced, "skipped": skipped,
        }));
        if kind == ExtraKind::Relation {
            figures.insert("leftOut".to_owned(), json!(left_out));
            figures.insert("removed".to_owned(), json!(outcome.relations_removed));
        }
        fields.insert(kind.name().to_owned(), Value::Object(figures));
    }
    fields.insert("taskLinksLeftOut".to_owned(), json!(outcome.task_links_left_out));
    Value::Object(fields)
}
