//! What of an entry can be found: the texts that go into each column of the full-text index.

use agent_memory_proto::model::{EntryBody, Json};

use super::index_text;

/// The columns of the full-text index, as terms separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedEntry {
    /// The name or title.
    pub name: String,
    /// The tags and the category.
    pub tags: String,
    /// Everything else that people wrote.
    pub content: String,
}

impl IndexedEntry {
    /// The terms of an entry.
    #[must_use]
    pub fn of(name: &str, tags: &[String], category: Option<&str>, body: &EntryBody) -> Self {
        let labels: Vec<&str> = tags.iter().map(String::as_str).chain(category).collect();
        Self {
            name: index_text(name),
            tags: index_text(&labels.join("\n")),
            content: index_text(&body_text(body)),
        }
    }
}

fn body_text(body: &EntryBody) -> String {
    let mut text = body.text().to_owned();
    let (plain, json): ([Option<&String>; 2], [Option<&Json>; 2]) = match body {
        EntryBody::Guideline { rationale, examples, verification_rules, .. } => {
            ([rationale.as_ref(), None], [examples.as_ref(), verification_rules.as_ref()])
        }
        EntryBody::Knowledge { source, .. } => ([source.as_ref(), None], [None, None]),
        EntryBody::Tool { parameters, examples, constraints, .. } => {
            ([constraints.as_ref(), None], [parameters.as_ref(), examples.as_ref()])
        }
    };
    for part in plain.into_iter().flatten() {
        text.push('\n');
        text.push_str(part);
    }
    for part in json.into_iter().flatten() {
        push_strings(&part.value(), &mut text);
    }
    text
}

/// The texts inside a JSON value, and the names of its fields. The daemon bounds its depth.
fn push_strings(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::String(text) => {
            out.push('\n');
            out.push_str(text);
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| push_strings(item, out)),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                out.push('\n');
                out.push_str(name);
                push_strings(value, out);
            }
        }
        serde_json::Value::Number(number) => {
            out.push('\n');
            out.push_str(&number.to_string());
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_part_of_an_entry_is_indexed() {
        let body = EntryBody::Tool {
            description: "Formats the sources".to_owned(),
            parameters: Some(Json(r#"{"check": {"type": "boolean"}}"#.to_owned())),
            examples: Some(Json(r#"["cargo fmt --check"]"#.to_owned())),
            constraints: Some("nightly only".to_owned()),
        };
        let indexed = IndexedEntry::of("cargo-fmt", &["Style".to_owned()], Some("cli"), &body);
        assert_eq!(indexed.name, "cargo fmt cargofmt");
        assert_eq!(indexed.tags, "style cli");
        assert_eq!(indexed.content, "format the sourc night onli check type boolean cargo fmt check");
    }
}
