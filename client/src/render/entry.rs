//! Entries, their versions, and pages of both.

use agent_memory_proto::{
    model::{Entry, EntryBody, EntryKind, Id, Version},
    response::{EntryPage, History},
};
use serde_json::{Value, json};

use super::{list, object, put_scope, time};

/// An entry with its current version: `{"id", "scopeType", "name", …, "currentVersion": {…}}`.
#[must_use]
pub fn entry(entry: &Entry) -> Value {
    let kind = entry.kind();
    let mut fields = object(json!({
        "id": entry.id,
        kind.name_field(): entry.name,
        "category": entry.category,
        "tags": entry.tags,
        "metadata": entry.metadata,
        "currentVersionId": entry.version.id,
        "isActive": entry.is_active,
        "createdAt": time(entry.created_at_ms),
        "createdBy": entry.created_by,
        "updatedAt": time(entry.updated_at_ms),
        "updatedBy": entry.updated_by,
        "currentVersion": version(kind, entry.id, &entry.version),
    }));
    put_scope(&mut fields, entry.scope);
    if let EntryBody::Guideline { priority, .. } = entry.version.body {
        fields.insert("priority".to_owned(), json!(priority));
    }
    Value::Object(fields)
}

/// One version of an entry.
#[must_use]
pub fn version(kind: EntryKind, entry_id: Id, version: &Version) -> Value {
    let mut fields = object(body(&version.body));
    fields.extend(object(json!({
        "id": version.id,
        format!("{}Id", kind.name()): entry_id,
        "versionNum": version.number,
        "createdAt": time(version.created_at_ms),
        "createdBy": version.created_by,
        "changeReason": version.change_reason,
        "conflictFlag": version.conflict,
    })));
    Value::Object(fields)
}

fn body(body: &EntryBody) -> Value {
    match body {
        EntryBody::Guideline { content, priority, rationale, examples, verification_rules } => json!({
            "content": content,
            "priority": priority,
            "rationale": rationale,
            "examples": examples,
            "verificationRules": verification_rules,
        }),
        EntryBody::Knowledge {
            content,
            confidence,
            source,
            valid_from_ms,
            valid_until_ms,
            invalidated_by,
        } => {
            json!({
                "content": content,
                "source": source,
                "confidence": confidence,
                "validFrom": valid_from_ms.map(time),
                "validUntil": valid_until_ms.map(time),
                "invalidatedBy": invalidated_by,
            })
        }
        EntryBody::Tool { description, parameters, examples, constraints } => json!({
            "description": description,
            "parameters": parameters,
            "examples": examples,
            "constraints": constraints,
        }),
    }
}

/// A page of entries under the plural name of their kind; `entries` when it is empty, since no
/// entry tells the kind then.
#[must_use]
pub fn entry_page(page: &EntryPage) -> Value {
    let name = page.entries.first().map_or("entries", |first| first.kind().plural());
    entry_page_named(name, page)
}

/// A page of entries of a known kind.
#[must_use]
pub fn entry_page_of(kind: EntryKind, page: &EntryPage) -> Value {
    entry_page_named(kind.plural(), page)
}

fn entry_page_named(name: &str, page: &EntryPage) -> Value {
    list(name, page.entries.iter().map(entry), page.has_more)
}

/// The versions of an entry, newest first.
#[must_use]
pub fn history(history: &History) -> Value {
    let versions = history.versions.iter().map(|one| version(history.kind, history.entry_id, one));
    list("versions", versions, history.has_more)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Json, ScopeRef};

    use super::*;

    fn guideline() -> Entry {
        Entry {
            id: Id([1; 16]),
            scope: ScopeRef::GLOBAL,
            name: "tests-first".to_owned(),
            category: Some("testing".to_owned()),
            tags: vec!["tdd".to_owned()],
            metadata: None,
            is_active: true,
            created_at_ms: 0,
            created_by: None,
            updated_at_ms: 1,
            updated_by: None,
            version: Version {
                id: Id([2; 16]),
                number: 3,
                body: EntryBody::Guideline {
                    content: "Write the test first".to_owned(),
                    priority: 80,
                    rationale: None,
                    examples: Some(Json("{\"good\":[\"x\"]}".to_owned())),
                    verification_rules: None,
                },
                created_at_ms: 1,
                created_by: None,
                change_reason: Some("because".to_owned()),
                conflict: false,
            },
        }
    }

    /// The fields that `spec/responses.json` lists for `memory_guideline.get`, but for access
    /// statistics, which this system does not keep.
    #[test]
    fn a_guideline_has_the_fields_of_the_original() {
        let value = entry(&guideline());
        for field in
            ["id", "scopeType", "scopeId", "name", "category", "priority", "currentVersionId", "isActive"]
        {
            assert!(value.get(field).is_some(), "{field}");
        }
        let version = &value["currentVersion"];
        for field in ["guidelineId", "versionNum", "content", "rationale", "changeReason", "conflictFlag"] {
            assert!(version.get(field).is_some(), "{field}");
        }
        assert_eq!(value["priority"], 80);
        assert_eq!(version["examples"], json!({ "good": ["x"] }));
    }

    #[test]
    fn an_empty_page_of_a_known_kind_keeps_its_name() {
        let page = EntryPage { entries: Vec::new(), has_more: false };
        let value = entry_page_of(EntryKind::Tool, &page);
        assert_eq!(value, json!({ "tools": [], "meta": { "returnedCount": 0, "hasMore": false } }));
    }
}
