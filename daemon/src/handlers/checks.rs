//! Checks of fields from outside. Each refusal names the field, the value and what is allowed.

use agent_memory_proto::{
    ErrorBody, ErrorCode, limits,
    model::{EntryKind, Json, ScopeLevel, ScopeRef},
};

type Checked = Result<(), ErrorBody>;

/// Text of at most `chars_max` characters, without NUL.
pub(crate) fn text(field: &str, value: &str, chars_max: usize) -> Checked {
    if value.contains('\0') {
        return Err(ErrorBody::invalid(field, value, "text without NUL characters"));
    }
    // A text has at least as many bytes as characters: most need no counting.
    if value.len() > chars_max {
        let chars = value.chars().count();
        if chars > chars_max {
            return Err(ErrorBody::invalid(
                field,
                value,
                format!("at most {chars_max} characters (this has {chars})"),
            ));
        }
    }
    Ok(())
}

/// As [`text`], and not blank.
pub(crate) fn required(field: &str, value: &str, chars_max: usize) -> Checked {
    if value.is_empty() {
        return Err(ErrorBody::missing(field).with_allowed(format!("1 to {chars_max} characters")));
    }
    if value.trim().is_empty() {
        return Err(ErrorBody::invalid(
            field,
            value,
            format!("1 to {chars_max} characters, not only blanks"),
        ));
    }
    text(field, value, chars_max)
}

/// As [`text`], when given.
pub(crate) fn optional(field: &str, value: Option<&String>, chars_max: usize) -> Checked {
    value.map_or(Ok(()), |value| text(field, value, chars_max))
}

/// One line that names something: not blank, without control characters.
pub(crate) fn name(field: &str, value: &str, chars_max: usize) -> Checked {
    required(field, value, chars_max)?;
    if value.chars().any(char::is_control) {
        return Err(ErrorBody::invalid(field, value, "one line without control characters"));
    }
    Ok(())
}

/// An agent's name.
pub(crate) fn agent(field: &str, value: &str) -> Checked {
    name(field, value, limits::TAG_CHARS_MAX)
}

/// Tags: checked, sorted, each once.
pub(crate) fn tags(field: &str, mut tags: Vec<String>) -> Result<Vec<String>, ErrorBody> {
    for (index, tag) in tags.iter().enumerate() {
        name(&format!("{field}[{index}]"), tag, limits::TAG_CHARS_MAX)?;
    }
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > limits::TAGS_MAX {
        return Err(ErrorBody::invalid(
            field,
            format!("{} tags", tags.len()),
            format!("at most {} tags", limits::TAGS_MAX),
        ));
    }
    Ok(tags)
}

/// What a JSON field may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonShape {
    Object,
    Array,
}

/// JSON of the right shape, bounded in size and depth; compacted.
pub(crate) fn json(field: &str, value: Option<Json>, shape: JsonShape) -> Result<Option<Json>, ErrorBody> {
    let Some(Json(text)) = value else { return Ok(None) };
    let bytes_max = limits::METADATA_BYTES_MAX;
    if text.len() > bytes_max * 2 {
        return Err(too_large(field, &text, bytes_max));
    }
    let parsed: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| ErrorBody::invalid(field, &text, format!("JSON ({error})")))?;
    let fits = match shape {
        JsonShape::Object => parsed.is_object(),
        JsonShape::Array => parsed.is_array(),
    };
    if !fits {
        let allowed = if shape == JsonShape::Object { "a JSON object" } else { "a JSON array" };
        return Err(ErrorBody::invalid(field, &text, allowed));
    }
    if depth(&parsed) > limits::JSON_DEPTH_MAX {
        return Err(ErrorBody::invalid(
            field,
            &text,
            format!("JSON nested at most {} deep", limits::JSON_DEPTH_MAX),
        ));
    }
    let compact = parsed.to_string();
    if compact.len() > bytes_max {
        return Err(too_large(field, &text, bytes_max));
    }
    if has_nul(&parsed) {
        return Err(ErrorBody::invalid(field, &text, "JSON whose texts have no NUL characters"));
    }
    Ok(Some(Json(compact)))
}

/// A scope with an id where it needs one, and only there.
pub(crate) fn scope(field: &str, scope: ScopeRef) -> Checked {
    let wrong = |allowed: &str| {
        Err(ErrorBody::new(ErrorCode::InvalidScopeType, format!("{field}: {allowed}"))
            .with_field(field)
            .with_value(scope)
            .with_allowed(allowed))
    };
    match (scope.level, scope.id) {
        (ScopeLevel::Global, Some(_)) => wrong("the global scope has no scopeId"),
        (ScopeLevel::Org | ScopeLevel::Project | ScopeLevel::Session, None) => {
            wrong("an org, project or session scope needs its scopeId")
        }
        _ => Ok(()),
    }
}

/// Rows of a page.
pub(crate) fn page(limit: u32, offset: u32) -> Checked {
    if limit == 0 || limit > limits::PAGE_ROWS_MAX {
        return Err(ErrorBody::invalid("limit", limit, format!("1 to {}", limits::PAGE_ROWS_MAX)));
    }
    if offset > limits::OFFSET_MAX {
        return Err(ErrorBody::invalid("offset", offset, format!("0 to {}", limits::OFFSET_MAX))
            .with_suggestion("Narrow the request, or follow the cursor of a search"));
    }
    Ok(())
}

/// Items of a bulk request.
pub(crate) fn bulk(field: &str, items: usize) -> Checked {
    match items {
        0 => Err(ErrorBody::missing(field).with_allowed(format!("1 to {} items", limits::BULK_ITEMS_MAX))),
        items if items > limits::BULK_ITEMS_MAX => Err(ErrorBody::new(
            ErrorCode::LimitExceeded,
            format!("{field} has {items} items; at most {} are allowed", limits::BULK_ITEMS_MAX),
        )
        .with_field(field)
        .with_suggestion("Nothing was done; send it in several requests")),
        _ => Ok(()),
    }
}

/// A category: free text for guidelines, a word of a set for the others.
pub(crate) fn category(kind: EntryKind, value: Option<&String>) -> Checked {
    let Some(value) = value else { return Ok(()) };
    let set: &[&str] = match kind {
        EntryKind::Guideline => return name("category", value, limits::TAG_CHARS_MAX),
        EntryKind::Knowledge => &["decision", "fact", "context", "reference"],
        EntryKind::Tool => &["mcp", "cli", "function", "api"],
    };
    if set.contains(&value.as_str()) {
        Ok(())
    } else {
        Err(ErrorBody::invalid("category", value, set.join(", ")))
    }
}

/// A guideline's priority.
pub(crate) fn priority(value: u8) -> Checked {
    if value > limits::PRIORITY_MAX {
        return Err(ErrorBody::invalid("priority", value, format!("0 to {}", limits::PRIORITY_MAX)));
    }
    Ok(())
}

/// How sure something is.
pub(crate) fn confidence(value: f64) -> Checked {
    if !(0.0..=1.0).contains(&value) {
        return Err(ErrorBody::invalid("confidence", value, "0 to 1"));
    }
    Ok(())
}

/// An absolute path.
pub(crate) fn root_path(value: Option<&String>) -> Checked {
    let Some(value) = value else { return Ok(()) };
    if value.is_empty() || value.chars().any(char::is_control) || value.len() > limits::PATH_BYTES_MAX {
        let allowed =
            format!("an absolute path of 1 to {} bytes without control characters", limits::PATH_BYTES_MAX);
        return Err(ErrorBody::invalid("rootPath", value, allowed));
    }
    let windows = value.as_bytes().get(1) == Some(&b':') || value.starts_with(r"\\");
    if !value.starts_with('/') && !windows {
        return Err(ErrorBody::invalid("rootPath", value, "an absolute path"));
    }
    Ok(())
}

/// The path without a trailing separator, so that one directory has one spelling.
pub(crate) fn normal_root_path(value: String) -> String {
    let trimmed = value.trim_end_matches('/');
    if trimmed.is_empty() { value } else { trimmed.to_owned() }
}

fn too_large(field: &str, text: &str, bytes_max: usize) -> ErrorBody {
    ErrorBody::invalid(field, text, format!("at most {bytes_max} bytes of JSON (this has {})", text.len()))
}

fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(has_nul),
        serde_json::Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains('\0') || has_nul(value))
        }
        _ => false,
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters_not_bytes() {
        text("content", &"é".repeat(10), 10).expect("ten characters");
        let error = text("content", &"é".repeat(11), 10).expect_err("eleven");
        assert_eq!(error.allowed.as_deref(), Some("at most 10 characters (this has 11)"));
    }

    #[test]
    fn names_are_one_line_and_not_blank() {
        for bad in ["", "   ", "two\nlines", "nul\0", "\u{1b}[31m"] {
            assert!(name("name", bad, 500).is_err(), "{bad:?}");
        }
        name("name", "naïve 名前 🚀", 500).expect("any other characters");
    }

    #[test]
    fn json_is_bounded_and_compacted() {
        let given = Some(Json("{ \"a\" : 1 }".to_owned()));
        assert_eq!(
            json("metadata", given, JsonShape::Object).expect("fine"),
            Some(Json("{\"a\":1}".to_owned()))
        );
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        for bad in ["[]", "{", "null", "{\"a\":\"\\u0000\"}", &format!("{{\"a\":{deep}}}")] {
            assert!(json("metadata", Some(Json(bad.to_owned())), JsonShape::Object).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_scope_has_an_id_exactly_where_it_needs_one() {
        let id = Some(agent_memory_proto::model::Id([1; 16]));
        scope("scope", ScopeRef::GLOBAL).expect("global");
        assert!(scope("scope", ScopeRef { level: ScopeLevel::Global, id }).is_err());
        assert!(scope("scope", ScopeRef { level: ScopeLevel::Org, id: None }).is_err());
    }

    #[test]
    fn not_a_number_is_no_confidence() {
        assert!(confidence(f64::NAN).is_err());
        assert!(confidence(1.01).is_err());
        confidence(1.0).expect("the largest");
    }
}
