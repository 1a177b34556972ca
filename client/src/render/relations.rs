//! Relations, and hits of a search along them.

use agent_memory_proto::{
    model::Relation,
    response::{ListedRelation, RelatedHit, RelatedSearchPage, RelationCreated, RelationEnd, RelationPage},
};
use serde_json::{Value, json};

use super::{list, object, search, time};

/// A relation.
#[must_use]
pub fn relation(relation: &Relation) -> Value {
    json!({
        "id": relation.id,
        "sourceType": relation.source.kind.name(),
        "sourceId": relation.source.id,
        "targetType": relation.target.kind.name(),
        "targetId": relation.target.id,
        "relationType": relation.kind.name(),
        "createdAt": time(relation.created_at_ms),
        "createdBy": relation.created_by,
        "metadata": relation.metadata,
    })
}

pub(super) fn created(created: &RelationCreated) -> Value {
    json!({ "success": true, "relation": relation(&created.relation), "existed": created.existed })
}

pub(super) fn page(page: &RelationPage) -> Value {
    list("relations", page.relations.iter().map(listed), page.has_more)
}

fn listed(listed: &ListedRelation) -> Value {
    let mut fields = object(relation(&listed.relation));
    for (of, RelationEnd { name, scope }) in [("source", &listed.source), ("target", &listed.target)] {
        fields.insert(format!("{of}Name"), json!(name));
        fields.insert(format!("{of}ScopeType"), json!(scope.level.name()));
        fields.insert(format!("{of}ScopeId"), json!(scope.id));
    }
    Value::Object(fields)
}

/// A page of hits, and what is related to them: each with the hit that it was found from.
#[must_use]
pub fn related_search_page(found: &RelatedSearchPage) -> Value {
    let mut fields = object(search::search_page(&found.page));
    fields.insert("related".to_owned(), found.related.iter().map(related).collect());
    if let Some(meta) = fields.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("relatedCount".to_owned(), json!(found.related.len()));
        meta.insert("relatedCut".to_owned(), json!(found.is_cut));
    }
    Value::Object(fields)
}

fn related(found: &RelatedHit) -> Value {
    let mut fields = object(search::hit(&found.hit));
    let direction = if found.is_target { "forward" } else { "backward" };
    fields.insert(
        "relatedFrom".to_owned(),
        json!({ "id": found.from, "relationType": found.kind.name(), "direction": direction,
            "depth": found.distance }),
    );
    Value::Object(fields)
}
