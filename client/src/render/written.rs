//! What writes did. Bodies are not sent back: the writer has them.

use agent_memory_proto::{
    model::EntryKind,
    response::{Remembered, WriteAction, Written},
};
use serde_json::{Map, Value, json};

use super::{object, put_scope, time};

/// The public name of what was done.
#[must_use]
pub const fn action(action: WriteAction) -> &'static str {
    match action {
        WriteAction::Added => "added",
        WriteAction::Updated => "updated",
        WriteAction::Deactivated => "deactivated",
        WriteAction::Deleted => "deleted",
    }
}

/// One write: `{"success": true, "action": "added", "guideline": {"id", "scopeType", …}}`.
#[must_use]
pub fn written(one: &Written) -> Value {
    json!({ "success": true, "action": action(one.action), one.kind.name(): item(one) })
}

fn item(one: &Written) -> Value {
    let mut fields = object(json!({
        "id": one.id,
        one.kind.name_field(): one.name,
        "updatedAt": time(one.at_ms),
        "currentVersion": { "versionNum": one.version, "conflictFlag": one.conflict },
    }));
    put_scope(&mut fields, one.scope);
    Value::Object(fields)
}

/// A bulk write, under the plural names of the kinds that it touched.
#[must_use]
pub fn bulk_written(all: &[Written]) -> Value {
    let mut fields = Map::new();
    fields.insert("success".to_owned(), json!(true));
    fields.insert("count".to_owned(), json!(all.len()));
    let count = |wanted| all.iter().filter(|one| one.action == wanted).count();
    fields.insert("created".to_owned(), json!(count(WriteAction::Added)));
    fields.insert("updated".to_owned(), json!(count(WriteAction::Updated)));
    fields.insert("deleted".to_owned(), json!(count(WriteAction::Deleted)));
    for kind in EntryKind::ALL {
        let items: Vec<Value> = all.iter().filter(|one| one.kind == kind).map(item).collect();
        if !items.is_empty() {
            fields.insert(kind.plural().to_owned(), Value::Array(items));
        }
    }
    Value::Object(fields)
}

/// What became of a remembered text.
#[must_use]
pub fn remembered(found: &Remembered) -> Value {
    let mut fields = object(written(&found.written));
    if found.existed {
        fields.insert("action".to_owned(), json!("existed"));
    }
    fields.extend(object(json!({
        "type": found.written.kind.name(),
        "existed": found.existed,
        "category": found.category,
        "inferredBy": found.inferred_by,
        "similar": super::hygiene::similar(&found.similar),
    })));
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Id, ScopeRef};

    use super::*;

    fn one(kind: EntryKind, action: WriteAction) -> Written {
        let scope = ScopeRef::project(Id([9; 16]));
        let name = "n".to_owned();
        Written { action, id: Id([1; 16]), kind, scope, name, version: 2, at_ms: 0, conflict: true }
    }

    #[test]
    fn a_write_says_where_it_went() {
        let value = written(&one(EntryKind::Knowledge, WriteAction::Updated));
        assert_eq!(value["knowledge"]["title"], "n");
        assert_eq!(value["knowledge"]["scopeType"], "project");
        assert_eq!(value["knowledge"]["scopeId"], Id([9; 16]).to_string());
        assert_eq!(value["knowledge"]["currentVersion"]["conflictFlag"], true);
    }

    #[test]
    fn a_bulk_write_counts_what_it_did() {
        let all = [
            one(EntryKind::Tool, WriteAction::Added),
            one(EntryKind::Guideline, WriteAction::Added),
            one(EntryKind::Tool, WriteAction::Updated),
        ];
        let value = bulk_written(&all);
        assert_eq!(
            (&value["created"], &value["updated"], &value["count"]),
            (&json!(2), &json!(1), &json!(3))
        );
        assert_eq!(value["tools"].as_array().map(Vec::len), Some(2));
    }
}
