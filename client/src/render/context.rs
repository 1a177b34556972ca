//! The memory of a scope, and what a quickstart found.

use agent_memory_proto::{
    model::EntryKind,
    response::{Context, ContextEntry, Quickstarted},
};
use serde_json::{Map, Value, json};

use super::{object, project, put_scope, session, time};

/// The memory of a scope, grouped by kind as the original does; each group most important first.
#[must_use]
pub fn context(context: &Context) -> Value {
    let mut fields = Map::new();
    fields.insert("scope".to_owned(), json!(context.scope));
    for kind in EntryKind::ALL {
        let entries: Vec<Value> =
            context.entries.iter().filter(|entry| entry.kind == kind).map(entry).collect();
        fields.insert(kind.plural().to_owned(), Value::Array(entries));
    }
    let omitted: Map<String, Value> =
        context.omitted.iter().map(|left| (left.kind.plural().to_owned(), json!(left.count))).collect();
    fields.insert(
        "meta".to_owned(),
        json!({
            "returnedCount": context.entries.len(),
            "usedTokens": context.used_tokens,
            "budgetTokens": context.budget_tokens,
            "omitted": omitted,
        }),
    );
    Value::Object(fields)
}

fn entry(entry: &ContextEntry) -> Value {
    let mut fields = object(json!({
        "id": entry.id,
        entry.kind.name_field(): entry.name,
        "text": entry.text,
        "isCut": entry.is_cut,
        "category": entry.category,
        "tags": entry.tags,
        "updatedAt": time(entry.updated_at_ms),
        "createdBy": entry.created_by,
    }));
    put_scope(&mut fields, entry.scope);
    if let Some(priority) = entry.priority {
        fields.insert("priority".to_owned(), json!(priority));
    }
    Value::Object(fields)
}

/// The bound project, the started session, and the context.
#[must_use]
pub fn quickstarted(found: &Quickstarted) -> Value {
    json!({
        "success": true,
        "project": project(&found.project),
        "projectCreated": found.project_created,
        "session": session(&found.session),
        "sessionResumed": found.session_resumed,
        "context": context(&found.context),
    })
}
