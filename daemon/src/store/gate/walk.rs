//! The walk through the texts of one write: where it is, and what becomes of a secret there.

use std::fmt::Write as _;

use agent_memory_proto::{ErrorBody, ErrorCode, model::Json, response::MaskedField};
use serde_json::Value;

use super::{Masked, SecretsMode};
use crate::secrets::{Finding, find, has_anchor, masked};

/// Longest name of a field that is told.
const FIELD_CHARS_MAX: usize = 120;
/// Longest key that is looked at together with its value.
const KEY_BYTES_MAX: usize = 64;

/// One walk.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    mode: SecretsMode,
    /// Where it stands in what is imported.
    position: Option<&'a str>,
    masked: &'a Masked,
    /// Which item of which list, from outside in.
    inside: Vec<(&'static str, Option<usize>)>,
}

type Checked = Result<(), ErrorBody>;

impl<'a> Walk<'a> {
    pub(super) const fn new(mode: SecretsMode, masked: &'a Masked) -> Self {
        Self { mode, position: None, masked, inside: Vec::new() }
    }

    /// A walk like this through what stands there in what is imported.
    pub(super) fn at<'b>(&'b self, position: &'b str) -> Walk<'b> {
        Walk { position: Some(position), ..Walk::new(self.mode, self.masked) }
    }

    /// Walks through an item of a list, or through a part when there is no index.
    pub(super) fn inside(
        &mut self,
        part: &'static str,
        index: Option<usize>,
        walk: impl FnOnce(&mut Self) -> Checked,
    ) -> Checked {
        self.inside.push((part, index));
        let walked = walk(self);
        self.inside.pop();
        walked
    }

    /// A text that may be stored with something masked in it.
    pub(super) fn text(&mut self, field: &str, text: &mut String) -> Checked {
        let found = find(text);
        if !found.is_empty() {
            self.found(field, &found)?;
            *text = masked(text, &found);
        }
        Ok(())
    }

    pub(super) fn optional(&mut self, field: &str, text: &mut Option<String>) -> Checked {
        text.as_mut().map_or(Ok(()), |text| self.text(field, text))
    }

    /// As [`Walk::optional`] in a patch, which may leave it as it is.
    pub(super) fn changed(&mut self, field: &str, text: &mut Option<Option<String>>) -> Checked {
        text.as_mut().map_or(Ok(()), |text| self.optional(field, text))
    }

    /// A text by which something is found again: with a mask in it, it would be of no use.
    pub(super) fn name(&self, field: &str, name: &str) -> Checked {
        match find(name).first() {
            None => Ok(()),
            Some(found) => Err(self.refusal(field, found.kind, "it names something, so it cannot be masked")),
        }
    }

    pub(super) fn optional_name(&self, field: &str, name: Option<&String>) -> Checked {
        name.map_or(Ok(()), |name| self.name(field, name))
    }

    pub(super) fn changed_name(&self, field: &str, name: &Option<Option<String>>) -> Checked {
        self.optional_name(field, name.as_ref().and_then(Option::as_ref))
    }

    pub(super) fn names(&self, field: &str, names: &[String]) -> Checked {
        names.iter().enumerate().try_for_each(|(index, name)| {
            self.name(field, name).map_err(|error| {
                let field = error.field.clone().unwrap_or_default();
                error.with_field(format!("{field}[{index}]"))
            })
        })
    }

    /// Every text in JSON, each also together with the key before it.
    pub(super) fn json(&mut self, field: &str, json: &mut Option<Json>) -> Checked {
        let Some(Json(text)) = json else { return Ok(()) };
        if !has_anchor(text) {
            return Ok(());
        }
        let mut value: Value = serde_json::from_str(text)
            .map_err(|error| ErrorBody::invalid(field, "(not shown)", format!("JSON ({error})")))?;
        if self.value(&mut field.to_owned(), None, &mut value)? {
            *text = value.to_string();
        }
        Ok(())
    }

    pub(super) fn changed_json(&mut self, field: &str, json: &mut Option<Option<Json>>) -> Checked {
        json.as_mut().map_or(Ok(()), |json| self.json(field, json))
    }

    /// Whether something was masked. The name of the field is made longer on the way in and shorter on the way
    /// out, as a key may be as long as all the rest.
    fn value(&mut self, field: &mut String, key: Option<&str>, value: &mut Value) -> Result<bool, ErrorBody> {
        let outside = field.len();
        let mut changed = false;
        match value {
            Value::String(text) => {
                let found = find_under(key, text);
                if !found.is_empty() {
                    self.found(field, &found)?;
                    *text = masked(text, &found);
                    changed = true;
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let _ = write!(field, "[{index}]");
                    changed |= self.value(field, None, item)?;
                    field.truncate(outside);
                }
            }
            Value::Object(members) => {
                for (key, member) in members.iter_mut() {
                    field.push_str(" (a key)");
                    self.name(field, key)?;
                    field.truncate(outside);
                    field.push('.');
                    field.push_str(key);
                    changed |= self.value(field, Some(key), member)?;
                    field.truncate(outside);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(changed)
    }

    /// Secrets are in a field: noted, or refused.
    fn found(&self, field: &str, found: &[Finding]) -> Checked {
        if let (SecretsMode::Refuse, Some(first)) = (self.mode, found.first()) {
            return Err(self.refusal(field, first.kind, "the daemon is set to refuse it"));
        }
        let mut kinds: Vec<&'static str> = found.iter().map(|one| one.kind).collect();
        kinds.sort_unstable();
        for same in kinds.chunk_by(|a, b| a == b) {
            self.masked.note(MaskedField {
                at: self.position.map(str::to_owned),
                field: self.place(field),
                kind: same[0].to_owned(),
                count: u32::try_from(same.len()).unwrap_or(u32::MAX),
            });
        }
        Ok(())
    }

    fn refusal(&self, field: &str, kind: &str, why: &str) -> ErrorBody {
        let field = self.place(field);
        let message = format!("{field} holds a secret ({kind}), and {why}; nothing was stored");
        ErrorBody::new(ErrorCode::InvalidParameter, message)
            .with_field(field)
            .with_value(format!("(a secret: {kind})"))
            .with_allowed("text without secrets")
            .with_suggestion(
                "Say where the secret is kept, as the name of a variable or a vault's path, not what it is; \
                 AGENT_MEMORY_SECRETS of the daemon says what is done about secrets",
            )
    }

    fn place(&self, field: &str) -> String {
        let mut place = String::new();
        for (part, index) in &self.inside {
            place.push_str(part);
            if let Some(index) = index {
                place.push_str(&format!("[{index}]"));
            }
            place.push('.');
        }
        place.extend(field.chars().take(FIELD_CHARS_MAX));
        place
    }
}

/// What is found in a text that stands under a key, which may say what it is.
fn find_under(key: Option<&str>, text: &str) -> Vec<Finding> {
    let Some(key) = key.filter(|key| key.len() <= KEY_BYTES_MAX && has_anchor(key)) else {
        return find(text);
    };
    let together = format!("{key}={text}");
    let value_at = key.len() + 1;
    find(&together)
        .into_iter()
        .filter(|one| one.range.end > value_at)
        .map(|one| Finding {
            range: one.range.start.saturating_sub(value_at)..one.range.end - value_at,
            ..one
        })
        .collect()
}
