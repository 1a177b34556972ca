//! The tools of a store as an OpenAPI document, for programs that read those. One way: it leaves out what
//! OpenAPI has no place for.

use std::io::{self, Write};

use agent_memory_proto::{
    model::{EntryBody, Json, PortableEntry, PortableExtra, ScopeRef},
    request::ExportPage,
    response::ExportedPage,
};
use serde_json::{Map, Value, json};

use super::export::ExportWriter;
use crate::times;

/// Writes tools as an OpenAPI document in JSON, one path for each.
#[derive(Debug)]
pub struct OpenApiWriter<W: Write> {
    out: W,
    is_first: bool,
}

impl<W: Write> OpenApiWriter<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, is_first: true }
    }
}

impl<W: Write + Send> ExportWriter for OpenApiWriter<W> {
    fn begin(&mut self, _: &ExportPage, changed_at_ms: Option<i64>) -> io::Result<()> {
        let info = json!({
            "title": "Tools of agent-memory",
            "description": "Tools that are described in a memory; the paths are names, nothing answers there.",
            "version": changed_at_ms.map_or_else(|| "0".to_owned(), times::format),
        });
        write!(self.out, "{{\n\"openapi\":\"3.1.0\",\n\"info\":{info},\n\"paths\":{{")
    }

    fn page(&mut self, page: &ExportedPage) -> io::Result<()> {
        for entry in &page.entries {
            let Some(operation) = operation(entry) else { continue };
            let path = json!(format!("{}/tools/{}", folder(entry.scope), segment(&entry.name)));
            let lead = if self.is_first { "\n" } else { ",\n" };
            self.is_first = false;
            write!(self.out, "{lead}{path}:{}", json!({ "post": operation }))?;
        }
        Ok(())
    }

    fn extras(&mut self, _: &[PortableExtra]) -> io::Result<bool> {
        Ok(false)
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n}\n}\n")?;
        self.out.flush()
    }
}

fn folder(scope: ScopeRef) -> String {
    match scope.id {
        Some(id) => format!("/{}/{id}", scope.level.name()),
        None => format!("/{}", scope.level.name()),
    }
}

/// A name as a part of a path. Braces would be parameters.
fn segment(name: &str) -> String {
    let mut segment = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

fn operation(entry: &PortableEntry) -> Option<Value> {
    let current = entry.versions.last()?;
    let EntryBody::Tool { description, parameters, examples, constraints } = &current.body else {
        return None;
    };
    let parameters = parameters.as_ref().map(Json::value);
    let mut operation = Map::new();
    let mut put = |name: &str, value: Value| drop(operation.insert(name.to_owned(), value));
    put("operationId", json!(entry.id));
    put("summary", json!(entry.name));
    put("description", json!(description));
    if !entry.tags.is_empty() {
        put("tags", json!(entry.tags));
    }
    if !entry.is_active {
        put("deprecated", json!(true));
    }
    if let Some(parameters) = &parameters {
        let schema = schema(parameters);
        put("requestBody", json!({ "content": { "application/json": { "schema": schema } } }));
    }
    put("responses", json!({ "default": { "description": "What the tool answers" } }));
    put(
        "x-agent-memory",
        json!({
            "scopeType": entry.scope.level.name(),
            "scopeId": entry.scope.id,
            "category": entry.category,
            "version": current.number,
            "constraints": constraints,
            "examples": examples.as_ref().map(Json::value),
        }),
    );
    Some(Value::Object(operation))
}

/// A JSON schema stays one; an object of others is that of its properties; anything else is kept beside a
/// schema that takes every object.
fn schema(parameters: &Value) -> Value {
    let words = ["type", "properties", "$ref", "anyOf", "allOf", "oneOf", "$schema"];
    let Some(fields) = parameters.as_object() else {
        return json!({ "type": "object", "x-parameters": parameters });
    };
    let is_type = |name: &str| name != "type" || fields["type"].is_string() || fields["type"].is_array();
    if words.iter().any(|word| fields.contains_key(*word) && is_type(word)) {
        parameters.clone()
    } else if fields.values().all(Value::is_object) {
        json!({ "type": "object", "properties": parameters })
    } else {
        json!({ "type": "object", "x-parameters": parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert_eq!(segment("git log"), "git%20log");
        assert_eq!(segment("a/{b}?"), "a%2F%7Bb%7D%3F");
    }

    #[test]
    fn parameters_become_a_schema() {
        let is = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
        assert_eq!(schema(&is), is);
        let properties = json!({ "path": { "type": "string" } });
        assert_eq!(schema(&properties), json!({ "type": "object", "properties": properties }));
        for other in [json!([1]), json!({ "a": "a path" })] {
            assert_eq!(schema(&other), json!({ "type": "object", "x-parameters": other }));
        }
    }
}
