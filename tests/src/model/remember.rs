//! Plain texts, in the forms that the steps make: their first word says what they become.

use agent_memory_proto::{
    ErrorCode, Response, limits,
    model::{EntryBody, EntryKind},
    request::{AddEntry, EntryDraft, Remember},
    response::{Remembered, WriteAction},
};

use super::{Model, Predicted, entries::written, refuse, seen::Seen};

impl Model {
    pub(super) fn remember(&mut self, request: &Remember, agent: &str, seen: &Seen) -> Predicted {
        if request.text.is_empty() {
            return refuse(ErrorCode::MissingField, "text");
        }
        self.chain(request.scope)?;
        let (kind, category, title) = taken_for(&request.text);
        let body = match kind {
            EntryKind::Guideline => EntryBody::Guideline {
                content: request.text.clone(),
                priority: request.priority.unwrap_or(limits::PRIORITY_DEFAULT),
                rationale: None,
                examples: None,
                verification_rules: None,
            },
            EntryKind::Knowledge | EntryKind::Tool => EntryBody::Knowledge {
                content: request.text.clone(),
                confidence: 1.0,
                source: None,
                valid_from_ms: None,
                valid_until_ms: None,
                invalidated_by: None,
            },
        };
        let numbered = (2..).map(|number| format!("{title} ({number})"));
        for name in std::iter::once(title.clone()).chain(numbered) {
            let (done, existed) = match self.named(request.scope, kind, &name) {
                None => {
                    let draft = EntryDraft {
                        scope: request.scope,
                        name,
                        category: category.clone(),
                        tags: request.tags.clone(),
                        metadata: None,
                        body,
                        created_by: None,
                        change_reason: None,
                    };
                    (self.add(&AddEntry { id: None, draft }, agent, seen)?, false)
                }
                // The same text word for word is not stored again.
                Some(entry) if entry.is_active && entry.version.body.text() == request.text => {
                    (written(entry, WriteAction::Updated, seen), true)
                }
                Some(_) => continue,
            };
            let category = self.entries[&done.id].entry.category.clone();
            return Ok(Response::Remembered(Remembered {
                written: done,
                existed,
                category,
                inferred_by: String::new(),
                similar: Vec::new(),
            }));
        }
        unreachable!("some number is free")
    }
}

/// The kind, category and title of a text.
fn taken_for(text: &str) -> (EntryKind, Option<String>, String) {
    if let Some(said) = text.strip_prefix("decision: ") {
        (EntryKind::Knowledge, Some("decision".to_owned()), said.to_owned())
    } else if text.starts_with("always ") {
        (EntryKind::Guideline, None, text.to_owned())
    } else {
        (EntryKind::Knowledge, Some("fact".to_owned()), text.to_owned())
    }
}
