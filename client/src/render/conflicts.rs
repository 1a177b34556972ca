//! Conflicts.

use agent_memory_proto::{
    model::{Conflict, ConflictSide, Version},
    response::{ConflictDetails, ConflictPage, ConflictResolved},
};
use serde_json::{Map, Value, json};

use super::{object, put_scope, time};

/// A conflict.
#[must_use]
pub fn conflict(conflict: &Conflict) -> Value {
    Value::Object(fields(conflict))
}

fn fields(conflict: &Conflict) -> Map<String, Value> {
    let mut fields = object(json!({
        "id": conflict.id,
        "entryType": conflict.kind.name(),
        "entryId": conflict.entry_id,
        "entryName": conflict.entry_name,
        "entryVersion": conflict.entry_version,
        "versionAId": conflict.first.version_id,
        "versionBId": conflict.second.version_id,
        "versionA": side(&conflict.first),
        "versionB": side(&conflict.second),
        "detectedAt": time(conflict.detected_at_ms),
        "resolved": conflict.resolved_at_ms.is_some(),
        "resolution": conflict.resolution,
        "resolvedAt": conflict.resolved_at_ms.map(time),
        "resolvedBy": conflict.resolved_by,
    }));
    put_scope(&mut fields, conflict.scope);
    fields
}

fn side(side: &ConflictSide) -> Value {
    json!({
        "versionNum": side.version,
        "createdBy": side.by,
        "createdAt": side.at_ms.map(time),
    })
}

pub(super) fn page(page: &ConflictPage) -> Value {
    super::list("conflicts", page.conflicts.iter().map(conflict), page.has_more)
}

pub(super) fn details(report: &ConflictDetails) -> Value {
    let (kind, entry) = (report.conflict.kind, report.conflict.entry_id);
    let version = |version: &Option<Version>, side: &ConflictSide| match version {
        Some(version) => super::version(kind, entry, version),
        None => self::side(side),
    };
    let mut fields = fields(&report.conflict);
    fields.insert("versionA".to_owned(), version(&report.first, &report.conflict.first));
    fields.insert("versionB".to_owned(), version(&report.second, &report.conflict.second));
    json!({ "conflict": fields })
}

pub(super) fn resolved(report: &ConflictResolved) -> Value {
    json!({
        "success": true,
        "conflict": conflict(&report.conflict),
        "currentVersion": report.written.as_ref().map(|written| json!({ "versionNum": written.version })),
    })
}
