//! How values of the model stand in columns, in every backend.

use agent_memory_proto::model::{
    EntryBody, EntryKind, Json, PermissionLevel, RelationKind, ScopeLevel, SessionStatus, TagCategory,
};

/// The columns that an entry is read from, of `entries e` joined with `scopes s`.
pub(in crate::store) const ENTRY: &str = "e.id, e.kind, s.level, s.id, e.name, e.category, e.tags, e.metadata, \
    e.is_active, e.created_at_ms, e.created_by, e.updated_at_ms, e.updated_by, \
    e.version_id, e.version, e.version_at_ms, e.version_by, e.change_reason, e.conflict, \
    e.content, e.priority, e.rationale, e.examples, e.verification_rules, e.confidence, e.source, \
    e.valid_from_ms, e.valid_until_ms, e.invalidated_by, e.parameters, e.constraints";
/// Where the columns of the version begin in [`ENTRY`].
pub(in crate::store) const ENTRY_VERSION_AT: usize = 13;
/// How many columns [`ENTRY`] has; further ones of a query follow.
pub(in crate::store) const ENTRY_COUNT: usize = 31;

/// The columns that a version is read from, of `entry_versions v`.
pub(in crate::store) const VERSION: &str = "v.id, v.number, v.created_at_ms, v.created_by, v.change_reason, v.conflict, \
    v.content, v.priority, v.rationale, v.examples, v.verification_rules, v.confidence, v.source, \
    v.valid_from_ms, v.valid_until_ms, v.invalidated_by, v.parameters, v.constraints";
/// How many columns [`VERSION`] has; further ones of a query follow.
pub(in crate::store) const VERSION_COUNT: usize = 18;

/// The columns that a project is read from, of `projects p`, `scopes s` and (left) `scopes o`.
pub(in crate::store) const PROJECT: &str = "s.id, o.id, p.name, p.description, p.root_path, p.metadata, \
    p.created_at_ms, p.updated_at_ms";

/// The columns that a session is read from, of `sessions n`, `scopes s` and (left) `scopes p`.
pub(in crate::store) const SESSION: &str = "s.id, p.id, n.name, n.purpose, n.agent_id, n.status, n.metadata, \
    n.started_at_ms, n.ended_at_ms, n.summary";

/// Whether the active session `n` of the scope `s` was abandoned: nothing has happened in it since the first
/// parameter, and it holds no lock at the second.
pub(in crate::store) fn is_abandoned(mark: char) -> String {
    format!(
        "n.status = 0 AND n.started_at_ms < {mark}1 AND (n.active_at_ms IS NULL OR n.active_at_ms < {mark}1) \
         AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.scope = n.scope AND e.updated_at_ms >= {mark}1) \
         AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.scope = n.scope AND t.updated_at_ms >= {mark}1) \
         AND NOT EXISTS (SELECT 1 FROM file_locks l WHERE l.session = s.id \
         AND (l.acquired_at_ms >= {mark}1 OR l.expires_at_ms >= {mark}2))"
    )
}

/// The statement that conflicts are read by, without its conditions.
pub(in crate::store) const CONFLICT: &str = "SELECT c.id, e.kind, e.id, e.name, s.level, s.id, e.version, \
    c.base_version, c.first_by, v.id, v.created_at_ms, c.version, c.at_ms, c.second_by, c.resolved_at_ms, \
    c.resolved_by, c.resolution FROM conflicts c JOIN entries e ON e.rowid = c.entry \
    JOIN scopes s ON s.key = e.scope \
    LEFT JOIN entry_versions v ON v.entry = c.entry AND v.number = c.base_version";

/// The columns that a lock is read from, of `file_locks l`.
pub(in crate::store) const LOCK: &str = "l.id, l.path, l.agent_id, l.session, l.project, l.reason, l.metadata, \
    l.token, l.acquired_at_ms, l.expires_at_ms";
/// How many columns [`LOCK`] has; further ones of a query follow.
pub(in crate::store) const LOCK_COUNT: usize = 10;

/// The columns that a permission is read from, of `permissions p` and `scopes s`.
pub(in crate::store) const PERMISSION: &str =
    "p.id, p.agent, s.level, s.id, p.kind, p.level, p.created_by, p.created_at_ms";

/// Stands for entries of any kind, and for what is no entry.
const ANY_KIND: i64 = -1;

/// The code of a kind, or of any.
pub(in crate::store) fn optional_kind_code(kind: Option<EntryKind>) -> i64 {
    kind.map_or(ANY_KIND, kind_code)
}

/// The kind of a code that [`optional_kind_code`] made; `None` when it did not.
pub(in crate::store) fn kind_of_code(code: i64) -> Option<Option<EntryKind>> {
    if code == ANY_KIND {
        return Some(None);
    }
    EntryKind::ALL.into_iter().find(|kind| kind_code(*kind) == code).map(Some)
}

pub(in crate::store) const fn permission_code(level: PermissionLevel) -> i64 {
    match level {
        PermissionLevel::None => 0,
        PermissionLevel::Read => 1,
        PermissionLevel::Write => 2,
        PermissionLevel::Admin => 3,
    }
}

/// The columns that a tag is read from, of `tags t`.
pub(in crate::store) const TAG: &str =
    "t.id, t.name, t.category, t.description, t.is_predefined, t.created_at_ms";
/// The columns that a tag in a list is read from, of names `n` and (left) `tags t`; how many entries carry it follows.
pub(in crate::store) const LISTED_TAG: &str =
    "n.name, t.id, t.name, t.category, t.description, t.is_predefined, t.created_at_ms";

pub(in crate::store) const fn category_code(category: TagCategory) -> i64 {
    match category {
        TagCategory::Language => 0,
        TagCategory::Domain => 1,
        TagCategory::Category => 2,
        TagCategory::Meta => 3,
        TagCategory::Custom => 4,
    }
}

/// The columns that a relation and its ends are read from, of `relations r` with its [`ENDS`].
pub(in crate::store) const RELATION: &str = "r.id, r.kind, r.metadata, r.created_at_ms, r.created_by, \
    se.kind, se.id, ss.level, ss.id, coalesce(se.name, sp.name), \
    te.kind, te.id, ts.level, ts.id, coalesce(te.name, tp.name)";
/// The ends of relations `r`: entries or projects, and their scopes.
pub(in crate::store) const ENDS: &str = "LEFT JOIN entries se ON se.rowid = r.source_entry LEFT JOIN projects sp ON sp.scope = r.source_project \
    LEFT JOIN scopes ss ON ss.key = coalesce(se.scope, r.source_project) \
    LEFT JOIN entries te ON te.rowid = r.target_entry LEFT JOIN projects tp ON tp.scope = r.target_project \
    LEFT JOIN scopes ts ON ts.key = coalesce(te.scope, r.target_project)";

pub(in crate::store) const fn relation_code(kind: RelationKind) -> i64 {
    match kind {
        RelationKind::AppliesTo => 0,
        RelationKind::DependsOn => 1,
        RelationKind::ConflictsWith => 2,
        RelationKind::RelatedTo => 3,
        RelationKind::ParentTask => 4,
        RelationKind::SubtaskOf => 5,
        RelationKind::PromotedTo => 6,
    }
}

pub(in crate::store) const fn kind_code(kind: EntryKind) -> i64 {
    match kind {
        EntryKind::Guideline => 0,
        EntryKind::Knowledge => 1,
        EntryKind::Tool => 2,
    }
}

pub(in crate::store) const fn level_code(level: ScopeLevel) -> i64 {
    match level {
        ScopeLevel::Global => 0,
        ScopeLevel::Org => 1,
        ScopeLevel::Project => 2,
        ScopeLevel::Session => 3,
    }
}

pub(in crate::store) const fn status_code(status: SessionStatus) -> i64 {
    match status {
        SessionStatus::Active => 0,
        SessionStatus::Paused => 1,
        SessionStatus::Completed => 2,
        SessionStatus::Discarded => 3,
    }
}

/// Tags as stored: a JSON array.
pub(in crate::store) fn tags_text(tags: &[String]) -> String {
    if tags.is_empty() { "[]".to_owned() } else { serde_json::Value::from(tags.to_vec()).to_string() }
}

/// A body spread over the columns that it is stored in.
#[derive(Default)]
pub(in crate::store) struct BodyColumns<'a> {
    pub(in crate::store) content: &'a str,
    pub(in crate::store) priority: Option<u8>,
    pub(in crate::store) rationale: Option<&'a str>,
    pub(in crate::store) examples: Option<&'a str>,
    pub(in crate::store) verification_rules: Option<&'a str>,
    pub(in crate::store) confidence: Option<f64>,
    pub(in crate::store) source: Option<&'a str>,
    pub(in crate::store) valid_from_ms: Option<i64>,
    pub(in crate::store) valid_until_ms: Option<i64>,
    pub(in crate::store) invalidated_by: Option<[u8; 16]>,
    pub(in crate::store) parameters: Option<&'a str>,
    pub(in crate::store) constraints: Option<&'a str>,
}

impl<'a> From<&'a EntryBody> for BodyColumns<'a> {
    fn from(body: &'a EntryBody) -> Self {
        let json = |value: &'a Option<Json>| value.as_ref().map(|json| json.0.as_str());
        match body {
            EntryBody::Guideline { content, priority, rationale, examples, verification_rules } => Self {
                content,
                priority: Some(*priority),
                rationale: rationale.as_deref(),
                examples: json(examples),
                verification_rules: json(verification_rules),
                ..Self::default()
            },
            EntryBody::Knowledge {
                content,
                confidence,
                source,
                valid_from_ms,
                valid_until_ms,
                invalidated_by,
            } => Self {
                content,
                confidence: Some(*confidence),
                source: source.as_deref(),
                valid_from_ms: *valid_from_ms,
                valid_until_ms: *valid_until_ms,
                invalidated_by: invalidated_by.map(|id| id.0),
                ..Self::default()
            },
            EntryBody::Tool { description, parameters, examples, constraints } => Self {
                content: description,
                parameters: json(parameters),
                examples: json(examples),
                constraints: constraints.as_deref(),
                ..Self::default()
            },
        }
    }
}
