//! Entries and scopes as objects of the document. The order of their fields is fixed.

use std::mem;

use agent_memory_proto::model::{
    EntryBody, EntryKind, ExtraKind, Id, Json, Org, PortableEntry, PortableExtra, PortableScope,
    PortableTask, PortableVersion, Project, Relation, ScopeLevel, Session, Tag, TaskVersion,
};
use agent_memory_proto::{request::ExportPage, response::ExportedPage};
use serde::Serialize;
use serde_json::{Value, json};

use super::{VERSION, level_list};
use crate::{times, transfer::KINDS};

/// Fields in the order in which they are added.
#[derive(Clone, Debug, Default)]
pub(in crate::transfer) struct Fields(Vec<(&'static str, Field)>);

/// A value of an object whose fields have an order.
#[derive(Clone, Debug)]
pub(in crate::transfer) enum Field {
    Plain(Value),
    Object(Fields),
    Objects(Vec<Fields>),
}

impl Serialize for Field {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => value.serialize(serializer),
            Self::Object(fields) => fields.serialize(serializer),
            Self::Objects(all) => all.serialize(serializer),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (*name, value)))
    }
}

impl Fields {
    pub(in crate::transfer) fn put(&mut self, name: &'static str, value: impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.0.push((name, Field::Plain(value)));
    }

    pub(in crate::transfer) fn iter(&self) -> impl Iterator<Item = &(&'static str, Field)> {
        self.0.iter()
    }

    /// Takes the text of a field out, if `is_wanted` says so.
    pub(in crate::transfer) fn take_text(
        &mut self,
        name: &str,
        is_wanted: impl FnOnce(&str) -> bool,
    ) -> Option<String> {
        let at = self.0.iter().position(|(field, _)| *field == name)?;
        let Field::Plain(Value::String(text)) = &mut self.0[at].1 else { return None };
        let text = is_wanted(text).then(|| mem::take(text))?;
        self.0.remove(at);
        Some(text)
    }

    /// Leaves out what says nothing: fields without a value.
    pub(in crate::transfer) fn present(mut self) -> Self {
        self.0.retain(|(_, field)| !matches!(field, Field::Plain(Value::Null)));
        self
    }

    pub(in crate::transfer) fn put_object(&mut self, name: &'static str, fields: Self) {
        self.0.push((name, Field::Object(fields)));
    }
}

/// What comes before the lists: of which version, how old, and what was asked for.
pub(in crate::transfer) fn head(request: &ExportPage, changed_at_ms: Option<i64>) -> Fields {
    let types: Vec<&str> = kinds(request).map(EntryKind::plural).collect();
    let scope = request.scope;
    let mut fields = Fields::default();
    fields.put("version", VERSION);
    fields.put("exportedAt", changed_at_ms.map(times::format));
    fields.put(
        "metadata",
        json!({
            "scopeId": scope.and_then(|scope| scope.id),
            "scopeType": scope.map(|scope| scope.level.name()),
            "types": types,
        }),
    );
    fields
}

/// The lists of a document, and how far its writer is with them.
#[derive(Debug, Default)]
pub(in crate::transfer) struct Lists {
    /// In their order, each after the name of the object that it is in; that of the document itself is empty.
    all: Vec<(&'static str, &'static str)>,
    /// How many of them were begun.
    begun: usize,
}

impl Lists {
    /// Those of what was asked for; none is begun.
    pub(in crate::transfer) fn of(request: &ExportPage) -> Self {
        let levels = [ScopeLevel::Org, ScopeLevel::Project, ScopeLevel::Session];
        let scopes = levels.into_iter().map(|level| ("scopes", level_list(level)));
        let entries = kinds(request).map(|kind| ("entries", kind.plural()));
        let extras = ExtraKind::ALL.into_iter().map(|kind| ("", kind.name()));
        Self { all: scopes.chain(entries).chain(extras).collect(), begun: 0 }
    }

    /// Begins the next list on the way to that of the name: the object of the list before it, if there
    /// is one, its own object, and its name. `None` when that list was begun last, or no list is left.
    pub(in crate::transfer) fn next_towards(
        &mut self,
        list: &str,
    ) -> Option<(Option<&'static str>, &'static str, &'static str)> {
        let before = self.begun.checked_sub(1).map(|before| self.all[before]);
        if before.is_some_and(|(_, name)| name == list) {
            return None;
        }
        let (object, name) = self.all.get(self.begun).copied()?;
        self.begun += 1;
        Some((before.map(|(object, _)| object), object, name))
    }

    /// The name of the last list.
    pub(in crate::transfer) fn last(&self) -> Option<&'static str> {
        self.all.last().map(|(_, name)| *name)
    }
}

/// What is beside the entries, each after the name of the list that it is in.
pub(in crate::transfer) fn extras(extras: &[PortableExtra]) -> impl Iterator<Item = (&'static str, Fields)> {
    extras.iter().map(|extra| (extra.kind().name(), extra_value(extra)))
}

/// The scopes of a page, then its entries, each after the name of the list that it is in.
pub(in crate::transfer) fn items(page: &ExportedPage) -> impl Iterator<Item = (&'static str, Fields)> {
    let scopes = page.scopes.iter().map(|scope| (level_list(scope.scope().level), scope_value(scope)));
    let entries = page.entries.iter();
    scopes.chain(entries.filter_map(|entry| Some((entry.kind()?.plural(), entry_value(entry)))))
}

fn kinds(request: &ExportPage) -> impl Iterator<Item = EntryKind> {
    KINDS.into_iter().filter(|kind| request.kinds.is_empty() || request.kinds.contains(kind))
}

/// An entry with its versions.
fn entry_value(entry: &PortableEntry) -> Fields {
    let mut fields = entry_head(entry);
    let versions = entry_versions(entry);
    if let Some(current) = versions.last() {
        fields.put_object("currentVersion", current.clone());
    }
    fields.0.push(("versions", Field::Objects(versions)));
    fields.put("tags", &entry.tags);
    fields
}

/// A tag, a task or a relation.
pub(in crate::transfer) fn extra_value(extra: &PortableExtra) -> Fields {
    match extra {
        PortableExtra::Tag(tag) => tag_fields(tag),
        PortableExtra::Task(task) => task_fields(task),
        PortableExtra::Relation(relation) => relation_fields(relation),
    }
}

fn tag_fields(tag: &Tag) -> Fields {
    let mut fields = Fields::default();
    fields.put("id", tag.id);
    fields.put("name", &tag.name);
    fields.put("category", tag.category);
    fields.put("description", &tag.description);
    fields.put("isPredefined", tag.is_predefined);
    fields.put("createdAt", time(Some(tag.created_at_ms)));
    fields
}

fn relation_fields(relation: &Relation) -> Fields {
    let mut fields = Fields::default();
    fields.put("id", relation.id);
    fields.put("sourceType", relation.source.kind);
    fields.put("sourceId", relation.source.id);
    fields.put("targetType", relation.target.kind);
    fields.put("targetId", relation.target.id);
    fields.put("relationType", relation.kind);
    fields.put("metadata", json(relation.metadata.as_ref()));
    fields.put("createdAt", time(Some(relation.created_at_ms)));
    fields.put("createdBy", &relation.created_by);
    fields
}

fn task_fields(PortableTask { task, earlier }: &PortableTask) -> Fields {
    let details = &task.details;
    let mut fields = Fields::default();
    fields.put("id", task.id);
    fields.put("scopeType", task.scope.level.name());
    fields.put("scopeId", task.scope.id);
    fields.put("title", &details.title);
    fields.put("description", &details.description);
    fields.put("taskType", details.task_type);
    fields.put("taskDomain", details.domain);
    fields.put("severity", details.severity);
    fields.put("urgency", details.urgency);
    fields.put("category", &details.category);
    fields.put("status", details.status);
    fields.put("resolution", &details.resolution);
    fields.put("file", &details.file);
    fields.put("startLine", details.start_line);
    fields.put("endLine", details.end_line);
    fields.put("assignee", &details.assignee);
    fields.put("assignedAt", time(task.assigned_at_ms));
    fields.put("reporter", &details.reporter);
    fields.put("parentTaskId", details.parent_id);
    fields.put("blockedBy", &task.blockers);
    fields.put("dueDate", time(details.due_at_ms));
    fields.put("startedAt", time(task.started_at_ms));
    fields.put("resolvedAt", time(task.resolved_at_ms));
    fields.put("estimatedMinutes", details.estimated_minutes);
    fields.put("actualMinutes", details.actual_minutes);
    fields.put("tags", &details.tags);
    fields.put("metadata", json(details.metadata.as_ref()));
    fields.put("isActive", task.is_active);
    fields.put("createdAt", time(Some(task.created_at_ms)));
    fields.put("createdBy", &task.created_by);
    fields.put("updatedAt", time(Some(task.updated_at_ms)));
    fields.put("updatedBy", &task.updated_by);
    fields.put("version", task.version);
    fields.put("currentVersionId", task.version_id);
    fields.put("changeReason", &task.change_reason);
    fields.0.push(("earlierVersions", Field::Objects(earlier.iter().map(task_version).collect())));
    fields
}

fn task_version(version: &TaskVersion) -> Fields {
    let mut fields = Fields::default();
    fields.put("id", version.id);
    fields.put("versionNum", version.number);
    fields.put("title", &version.title);
    fields.put("description", &version.description);
    fields.put("status", version.status);
    fields.put("resolution", &version.resolution);
    fields.put("assignee", &version.assignee);
    fields.put("createdAt", time(Some(version.created_at_ms)));
    fields.put("createdBy", &version.created_by);
    fields.put("changeReason", &version.change_reason);
    fields
}

/// An entry without its versions and tags.
pub(in crate::transfer) fn entry_head(entry: &PortableEntry) -> Fields {
    let kind = entry.kind().unwrap_or(EntryKind::Knowledge);
    let mut fields = Fields::default();
    fields.put("id", entry.id);
    fields.put("scopeType", entry.scope.level.name());
    fields.put("scopeId", entry.scope.id);
    fields.put(kind.name_field(), &entry.name);
    fields.put("category", &entry.category);
    if let Some(EntryBody::Guideline { priority, .. }) = entry.versions.last().map(|version| &version.body) {
        fields.put("priority", priority);
    }
    fields.put("isActive", entry.is_active);
    fields.put("createdAt", time(entry.created_at_ms));
    fields.put("createdBy", &entry.created_by);
    fields.put("updatedAt", time(entry.updated_at_ms));
    fields.put("updatedBy", &entry.updated_by);
    fields.put("metadata", json(entry.metadata.as_ref()));
    fields
}

/// Its versions, oldest first.
pub(in crate::transfer) fn entry_versions(entry: &PortableEntry) -> Vec<Fields> {
    let kind = entry.kind().unwrap_or(EntryKind::Knowledge);
    entry.versions.iter().map(|one| version(kind, entry.id, one)).collect()
}

fn version(kind: EntryKind, entry_id: Option<Id>, version: &PortableVersion) -> Fields {
    let mut fields = Fields::default();
    fields.put("id", version.id);
    let owner = match kind {
        EntryKind::Guideline => "guidelineId",
        EntryKind::Knowledge => "knowledgeId",
        EntryKind::Tool => "toolId",
    };
    fields.put(owner, entry_id);
    fields.put("versionNum", version.number);
    body(&mut fields, &version.body);
    fields.put("createdAt", time(version.created_at_ms));
    fields.put("createdBy", &version.created_by);
    fields.put("changeReason", &version.change_reason);
    fields.put("conflictFlag", version.conflict);
    fields
}

fn body(fields: &mut Fields, body: &EntryBody) {
    match body {
        EntryBody::Guideline { content, priority, rationale, examples, verification_rules } => {
            fields.put("content", content);
            fields.put("priority", priority);
            fields.put("rationale", rationale);
            fields.put("examples", json(examples.as_ref()));
            fields.put("verificationRules", json(verification_rules.as_ref()));
        }
        EntryBody::Knowledge {
            content,
            confidence,
            source,
            valid_from_ms,
            valid_until_ms,
            invalidated_by,
        } => {
            fields.put("content", content);
            fields.put("source", source);
            fields.put("confidence", confidence);
            fields.put("validFrom", time(*valid_from_ms));
            fields.put("validUntil", time(*valid_until_ms));
            fields.put("invalidatedBy", invalidated_by);
        }
        EntryBody::Tool { description, parameters, examples, constraints } => {
            fields.put("description", description);
            fields.put("parameters", json(parameters.as_ref()));
            fields.put("examples", json(examples.as_ref()));
            fields.put("constraints", constraints);
        }
    }
}

/// A scope, so that it can be made anew.
pub(in crate::transfer) fn scope_value(scope: &PortableScope) -> Fields {
    let mut fields = Fields::default();
    match scope {
        PortableScope::Org(Org { id, name, metadata, created_at_ms }) => {
            fields.put("id", id);
            fields.put("name", name);
            fields.put("metadata", json(metadata.as_ref()));
            fields.put("createdAt", time(Some(*created_at_ms)));
        }
        PortableScope::Project(project) => project_fields(&mut fields, project),
        PortableScope::Session(session) => session_fields(&mut fields, session),
    }
    fields
}

fn project_fields(fields: &mut Fields, project: &Project) {
    fields.put("id", project.id);
    fields.put("orgId", project.org_id);
    fields.put("name", &project.name);
    fields.put("description", &project.description);
    fields.put("rootPath", &project.root_path);
    fields.put("metadata", json(project.metadata.as_ref()));
    fields.put("createdAt", time(Some(project.created_at_ms)));
    fields.put("updatedAt", time(Some(project.updated_at_ms)));
}

fn session_fields(fields: &mut Fields, session: &Session) {
    fields.put("id", session.id);
    fields.put("projectId", session.project_id);
    fields.put("name", &session.name);
    fields.put("purpose", &session.purpose);
    fields.put("agentId", &session.agent_id);
    fields.put("status", session.status.name());
    fields.put("metadata", json(session.metadata.as_ref()));
    fields.put("startedAt", time(Some(session.started_at_ms)));
    fields.put("endedAt", time(session.ended_at_ms));
}

/// RFC 3339; a time that cannot be written so stays a number of milliseconds.
fn time(at_ms: Option<i64>) -> Value {
    let Some(at_ms) = at_ms else { return Value::Null };
    let text = times::format(at_ms);
    if times::parse(&text) == Some(at_ms) { Value::from(text) } else { Value::from(at_ms) }
}

fn json(value: Option<&Json>) -> Value {
    value.map_or(Value::Null, Json::value)
}
