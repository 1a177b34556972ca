//! Objects of the document as entries and scopes. What the original system leaves out or writes in its own
//! way is understood; what is wrong names its field.

use std::str::FromStr;

use agent_memory_proto::{
    ErrorBody, limits,
    model::{
        EntryBody, EntryKind, Id, Json, Org, PortableEntry, PortableScope, PortableVersion, Project,
        ScopeLevel, ScopeRef, Session, SessionStatus, UnknownWord,
    },
};
use serde_json::{Map, Value};

use crate::times;

pub(super) type Read<T> = Result<T, ErrorBody>;

/// The fields of one object.
pub(super) struct Object<'a>(&'a Map<String, Value>);

/// Reads an entry of a list of that kind.
pub(in crate::transfer) fn entry(kind: EntryKind, value: &Value) -> Read<PortableEntry> {
    let fields = Object::of("entry", value)?;
    let scope = fields.scope()?;
    let priority = fields.priority()?;
    Ok(PortableEntry {
        id: fields.id("id")?,
        scope,
        name: fields.required(kind.name_field())?,
        category: fields.text("category")?,
        tags: fields.tags()?,
        metadata: fields.json("metadata"),
        is_active: fields.flag("isActive")?.unwrap_or(true),
        created_at_ms: fields.time("createdAt")?,
        created_by: fields.text("createdBy")?,
        updated_at_ms: fields.time("updatedAt")?,
        updated_by: fields.text("updatedBy")?,
        versions: versions(kind, &fields, priority)?,
    })
}

/// All versions, else the current one, else the fields of the entry itself.
fn versions(kind: EntryKind, fields: &Object<'_>, priority: Option<u8>) -> Read<Vec<PortableVersion>> {
    let of = |value: &Value| version(kind, &Object::of("versions", value)?, priority);
    let mut versions: Vec<PortableVersion> = match (fields.0.get("versions"), fields.0.get("currentVersion"))
    {
        (Some(Value::Array(all)), _) if !all.is_empty() => all
            .iter()
            .enumerate()
            .map(|(index, value)| of(value).map_err(|error| at_version(index, error)))
            .collect::<Read<_>>()?,
        (Some(Value::Array(_) | Value::Null) | None, Some(current @ Value::Object(_))) => vec![of(current)?],
        (Some(Value::Array(_) | Value::Null) | None, _) => vec![version(kind, fields, priority)?],
        (Some(other), _) => return Err(ErrorBody::invalid("versions", other, "an array of objects")),
    };
    versions.sort_by_key(|version| version.number);
    Ok(versions)
}

fn at_version(index: usize, mut error: ErrorBody) -> ErrorBody {
    let field = error.field.take().unwrap_or_default();
    error.with_field(format!("versions[{index}].{field}"))
}

fn version(kind: EntryKind, fields: &Object<'_>, priority: Option<u8>) -> Read<PortableVersion> {
    let number = fields.count("versionNum")?.unwrap_or(1);
    Ok(PortableVersion {
        id: if fields.0.contains_key("versionNum") { fields.id("id")? } else { None },
        number,
        body: body(kind, fields, priority)?,
        created_at_ms: fields.time("createdAt")?,
        created_by: fields.text("createdBy")?,
        change_reason: fields.text("changeReason")?,
        conflict: fields.flag("conflictFlag")?.unwrap_or(false),
    })
}

fn body(kind: EntryKind, fields: &Object<'_>, priority: Option<u8>) -> Read<EntryBody> {
    Ok(match kind {
        EntryKind::Guideline => EntryBody::Guideline {
            content: fields.required("content")?,
            priority: fields.priority()?.or(priority).unwrap_or(limits::PRIORITY_DEFAULT),
            rationale: fields.text("rationale")?,
            examples: fields.json("examples"),
            verification_rules: fields.json("verificationRules"),
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content: fields.required("content")?,
            confidence: fields.confidence()?,
            source: fields.text("source")?,
            valid_from_ms: fields.time("validFrom")?,
            valid_until_ms: fields.time("validUntil")?,
            invalidated_by: fields.id("invalidatedBy")?,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: fields.required("description")?,
            parameters: fields.json("parameters"),
            examples: fields.json("examples"),
            constraints: fields.text("constraints")?,
        },
    })
}

/// Reads a scope of a list of that level.
pub(in crate::transfer) fn scope(level: ScopeLevel, value: &Value) -> Read<PortableScope> {
    let fields = Object::of("scopes", value)?;
    let id = fields.id("id")?.ok_or_else(|| ErrorBody::missing("id"))?;
    let metadata = fields.json("metadata");
    Ok(match level {
        ScopeLevel::Global | ScopeLevel::Org => PortableScope::Org(Org {
            id,
            name: fields.required("name")?,
            metadata,
            created_at_ms: fields.time("createdAt")?.unwrap_or(0),
        }),
        ScopeLevel::Project => PortableScope::Project(Project {
            id,
            org_id: fields.id("orgId")?,
            name: fields.required("name")?,
            description: fields.text("description")?,
            root_path: fields.text("rootPath")?,
            metadata,
            created_at_ms: fields.time("createdAt")?.unwrap_or(0),
            updated_at_ms: fields.time("updatedAt")?.unwrap_or(0),
        }),
        ScopeLevel::Session => PortableScope::Session(Session {
            id,
            project_id: fields.id("projectId")?,
            name: fields.text("name")?,
            purpose: fields.text("purpose")?,
            agent_id: fields.text("agentId")?,
            status: fields.word("status")?.unwrap_or(SessionStatus::Completed),
            metadata,
            started_at_ms: fields.time("startedAt")?.unwrap_or(0),
            ended_at_ms: fields.time("endedAt")?,
        }),
    })
}

impl<'a> Object<'a> {
    pub(super) fn of(what: &str, value: &'a Value) -> Read<Self> {
        value.as_object().map(Self).ok_or_else(|| ErrorBody::invalid(what, value, "an object"))
    }

    pub(super) fn text(&self, name: &str) -> Read<Option<String>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(ErrorBody::invalid(name, other, "a text")),
        }
    }

    pub(super) fn required(&self, name: &str) -> Read<String> {
        self.text(name)?.ok_or_else(|| ErrorBody::missing(name))
    }

    pub(super) fn flag(&self, name: &str) -> Read<Option<bool>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(ErrorBody::invalid(name, other, "true or false")),
        }
    }

    pub(super) fn id(&self, name: &str) -> Read<Option<Id>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let allowed = "a UUID, or none: then a new one is made";
        text.parse().map(Some).map_err(|_| ErrorBody::invalid(name, &text, allowed))
    }

    pub(super) fn json(&self, name: &str) -> Option<Json> {
        self.0.get(name).filter(|value| !value.is_null()).map(Json::from)
    }

    pub(super) fn tags(&self) -> Read<Vec<String>> {
        let allowed = "an array of texts";
        match self.0.get("tags") {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(tags)) => tags
                .iter()
                .map(|tag| tag.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| ErrorBody::invalid("tags", Value::from(tags.clone()), allowed)),
            Some(other) => Err(ErrorBody::invalid("tags", other, allowed)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn scope(&self) -> Read<ScopeRef> {
        let level: ScopeLevel = match self.text("scopeType")? {
            None => ScopeLevel::Global,
            Some(text) => text
                .parse()
                .map_err(|()| ErrorBody::invalid("scopeType", &text, "global, org, project, session"))?,
        };
        Ok(ScopeRef { level, id: self.id("scopeId")? })
    }

    pub(super) fn required_id(&self, name: &str) -> Read<Id> {
        self.id(name)?.ok_or_else(|| ErrorBody::missing(name))
    }

    pub(super) fn required_time(&self, name: &str) -> Read<i64> {
        self.time(name)?.ok_or_else(|| ErrorBody::missing(name))
    }

    /// A word of a fixed set.
    pub(super) fn word<T: FromStr<Err = UnknownWord>>(&self, name: &str) -> Read<Option<T>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let word = text.parse().map_err(|UnknownWord { allowed }| ErrorBody::invalid(name, &text, allowed));
        word.map(Some)
    }

    pub(super) fn count(&self, name: &str) -> Read<Option<u32>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let allowed = "a whole number, 0 or more";
        number.map(Some).ok_or_else(|| ErrorBody::invalid(name, value, allowed))
    }

    pub(super) fn ids(&self, name: &str) -> Read<Vec<Id>> {
        let allowed = "an array of UUIDs";
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let ids = value.as_array().map(|ids| ids.iter().map(|id| id.as_str()?.parse().ok()).collect());
        ids.flatten().ok_or_else(|| ErrorBody::invalid(name, value, allowed))
    }

    fn priority(&self) -> Read<Option<u8>> {
        match self.0.get("priority") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value
                .as_u64()
                .and_then(|number| u8::try_from(number).ok())
                .map(Some)
                .ok_or_else(|| ErrorBody::invalid("priority", value, "0 to 100")),
        }
    }

    fn confidence(&self) -> Read<f64> {
        let allowed = || ErrorBody::invalid("confidence", &self.0["confidence"], "0 to 1");
        match self.0.get("confidence") {
            None | Some(Value::Null) => Ok(1.0),
            Some(Value::Number(number)) => number.as_f64().ok_or_else(allowed),
            Some(Value::String(text)) => text.parse().map_err(|_| allowed()),
            Some(_) => Err(allowed()),
        }
    }

    /// RFC 3339, the original's `2026-11-22 23:23:12` (UTC), or milliseconds since 1970.
    pub(super) fn time(&self, name: &str) -> Read<Option<i64>> {
        let allowed = "a time, as 2026-11-23T01:02:03Z";
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                number.as_i64().map(Some).ok_or_else(|| ErrorBody::invalid(name, number, allowed))
            }
            Some(Value::String(text)) => {
                let as_utc = || times::parse(&format!("{}Z", text.replacen(' ', "T", 1)));
                let parsed = times::parse(text).or_else(as_utc);
                parsed.map(Some).ok_or_else(|| ErrorBody::invalid(name, text, allowed))
            }
            Some(other) => Err(ErrorBody::invalid(name, other, allowed)),
        }
    }
}
