//! An answer in its two forms: text for a model, and a small object for programs. Bodies are in
//! the text only. Some clients hide the text from their model as soon as there is an object, so
//! they get the text alone.

use agent_memory_proto::{
    ErrorBody, Request, Response,
    response::{Degradation, Masking},
};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::{names::Names, text};
use crate::render;

/// Parts of these names in a client's own name mark clients that hand `structuredContent` to the
/// model in place of the text. Seen in the clients' own issue trackers in 2026.
const HIDES_TEXT: &[&str] = &["claude-code", "codex", "opencode", "copilot", "visual studio code"];

/// Whether such a client gets the object too.
pub(super) fn wants_object(client: &str) -> bool {
    let client = client.to_lowercase();
    !HIDES_TEXT.iter().any(|part| client.contains(part))
}

/// What a call comes to.
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    object: Value,
    is_error: bool,
}

impl Answer {
    /// The answer to a request that was not refused.
    pub(super) fn new(request: &Request, response: &Response, names: &Names) -> Self {
        let text = text::response(request, response, names);
        let object = without_bodies(object(request, response, names));
        Self { text, object, is_error: false }
    }

    /// An answer of several requests.
    pub(super) const fn of(text: String, object: Value, is_error: bool) -> Self {
        Self { text, object, is_error }
    }

    /// A refusal or failure.
    pub(super) fn error(body: &ErrorBody) -> Self {
        Self { text: text::error(body), object: render::error(body), is_error: true }
    }

    /// Says which parameters had no effect.
    pub(super) fn ignoring(mut self, ignored: &[String]) -> Self {
        if !ignored.is_empty() {
            self.text.push_str("\nIgnored, without effect here: ");
            self.text.push_str(&ignored.join(", "));
            if let Value::Object(fields) = &mut self.object {
                fields.insert("ignored".to_owned(), json!(ignored));
            }
        }
        self
    }

    /// Says that the answer may be stale.
    pub(super) fn degraded(mut self, degraded: Option<&Degradation>) -> Self {
        if let Some(degraded) = degraded {
            self.text.push('\n');
            self.text.push_str(&text::may_be_stale(degraded));
            if let Value::Object(fields) = &mut self.object {
                fields.insert("degraded".to_owned(), render::degradation(degraded));
            }
        }
        self
    }

    /// Says which secrets were masked.
    pub(super) fn masked(mut self, masked: Option<&Masking>) -> Self {
        if let Some(masked) = masked {
            self.text.push('\n');
            self.text.push_str(&text::one_line(&masked.to_string()));
            if let Value::Object(fields) = &mut self.object {
                fields.insert("masked".to_owned(), render::masking(masked));
            }
        }
        self
    }

    /// As the protocol wants it.
    pub(super) fn into_result(self, with_object: bool) -> CallToolResult {
        let content = vec![ContentBlock::text(self.text)];
        let mut result =
            if self.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
        if with_object && self.object.is_object() {
            result.structured_content = Some(self.object);
        }
        result
    }
}

/// The original's shape, with the name of the scope that a write went to.
fn object(request: &Request, response: &Response, names: &Names) -> Value {
    let mut object = match (request, response) {
        (Request::ListEntries(list), Response::Entries(page)) => render::entry_page_of(list.kind, page),
        _ => render::response(response),
    };
    let written = match response {
        Response::Written(one) => Some(one),
        Response::Remembered(found) => Some(&found.written),
        Response::EntryAdded(added) => Some(&added.written),
        Response::RememberedInstead(told) => Some(&told.remembered.written),
        Response::BulkWritten(all) => {
            all.first().filter(|one| all.iter().all(|other| other.scope == one.scope))
        }
        _ => None,
    };
    if let (Some(one), Value::Object(fields)) = (written, &mut object) {
        let scope =
            json!({ "type": one.scope.level.name(), "id": one.scope.id, "name": names.get(one.scope) });
        fields.insert("scope".to_owned(), scope);
    }
    object
}

/// Takes out what the text holds already.
fn without_bodies(mut value: Value) -> Value {
    strip(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(fields) => {
            for name in bodies_of(fields) {
                fields.remove(*name);
            }
            let inner = fields.iter_mut().filter(|(name, _)| *name != "metadata");
            inner.for_each(|(_, value)| strip(value));
        }
        _ => {}
    }
}

/// Which fields of an object are bodies: a version's, a hit's or a context entry's.
fn bodies_of(fields: &Map<String, Value>) -> &'static [&'static str] {
    if fields.contains_key("changeReason") {
        &[
            "content",
            "description",
            "rationale",
            "examples",
            "verificationRules",
            "parameters",
            "constraints",
            "source",
        ]
    } else if fields.contains_key("snippet") {
        &["snippet"]
    } else if fields.contains_key("isCut") {
        &["text"]
    } else {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{
        model::{Entry, EntryBody, EntryKind, Id, ScopeRef, Version},
        request::{EntrySelector, GetEntry},
    };

    use super::*;

    fn entry() -> Entry {
        Entry {
            id: Id([1; 16]),
            scope: ScopeRef::GLOBAL,
            name: "port".to_owned(),
            category: Some("fact".to_owned()),
            tags: vec!["db".to_owned()],
            metadata: None,
            is_active: true,
            created_at_ms: 0,
            created_by: Some("tester".to_owned()),
            updated_at_ms: 0,
            updated_by: None,
            version: Version {
                id: Id([2; 16]),
                number: 1,
                body: EntryBody::Knowledge {
                    content: "the database listens on 5433".to_owned(),
                    confidence: 1.0,
                    source: Some("compose.yaml".to_owned()),
                    valid_from_ms: None,
                    valid_until_ms: None,
                    invalidated_by: None,
                },
                created_at_ms: 0,
                created_by: None,
                change_reason: None,
                conflict: false,
            },
        }
    }

    #[test]
    fn a_body_is_sent_once() {
        let selector = EntrySelector::Id(Id([1; 16]));
        let request =
            Request::GetEntry(GetEntry { kind: EntryKind::Knowledge, selector, include_inactive: false });
        let response = Response::Entry(Box::new(entry()));
        let result = Answer::new(&request, &response, &Names::default()).into_result(true);
        let line = serde_json::to_string(&result).expect("serialises");
        assert_eq!(line.matches("listens on 5433").count(), 1, "{line}");
        assert_eq!(line.matches("compose.yaml").count(), 1, "{line}");
        let object = result.structured_content.expect("an object");
        assert_eq!(object["knowledge"]["title"], "port");
        assert_eq!(object["knowledge"]["currentVersion"]["versionNum"], 1);
    }

    #[test]
    fn an_answer_that_may_be_stale_says_so_in_both_forms() {
        let degradation =
            Degradation { age_ms: Some(12_000), reason: "the database cannot be reached".to_owned() };
        let answer = Answer::new(&Request::Health, &Response::Done, &Names::default());
        let answer = answer.degraded(Some(&degradation));
        assert!(answer.text.ends_with("answered from the cache, 12 s old: the database cannot be reached"));
        assert_eq!(answer.object["degraded"]["ageMs"], 12_000);
        assert_eq!(answer.object["degraded"]["reason"], "the database cannot be reached");
    }

    #[test]
    fn clients_that_would_hide_the_text_get_no_object() {
        assert!(!wants_object("claude-code"));
        assert!(!wants_object("codex-mcp-client"));
        assert!(!wants_object("Visual Studio Code"));
        assert!(wants_object("mcp"));
        assert!(wants_object(""));
    }
}
