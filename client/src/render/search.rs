//! Hits of a search.

use agent_memory_proto::response::{Hit, SearchPage};
use serde_json::{Value, json};

use super::{object, put_scope, time};

/// A page of hits: `{"results": [{"id", "type", "name", "snippet", "score", …}], "meta": {…}}`.
#[must_use]
pub fn search_page(page: &SearchPage) -> Value {
    let results: Vec<Value> = page.hits.iter().map(hit).collect();
    json!({
        "meta": {
            "returnedCount": results.len(),
            "hasMore": page.next_cursor.is_some(),
            "nextCursor": page.next_cursor,
            "terms": page.terms,
            "ignoredTerms": page.ignored_terms,
        },
        "results": results,
    })
}

pub(super) fn hit(hit: &Hit) -> Value {
    let mut fields = object(json!({
        "id": hit.id,
        "type": hit.kind.name(),
        hit.kind.name_field(): hit.name,
        "snippet": hit.snippet,
        "score": hit.score,
        "category": hit.category,
        "tags": hit.tags,
        "updatedAt": time(hit.updated_at_ms),
        "createdBy": hit.created_by,
        "versionNum": hit.version,
        "isActive": hit.is_active,
    }));
    put_scope(&mut fields, hit.scope);
    if let Some(priority) = hit.priority {
        fields.insert("priority".to_owned(), json!(priority));
    }
    Value::Object(fields)
}
