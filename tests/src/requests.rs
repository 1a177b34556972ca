//! Requests that many tests send, with nothing in them that a test is about.

use agent_memory_proto::{
    Request,
    model::{BodyPatch, EntryBody, EntryKind, Id, ScopeRef},
    request::*,
};
use uuid::Uuid;

/// An id that nobody else has.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "a test's keys only have to differ")]
pub fn new_id() -> Id {
    Uuid::new_v4().into()
}

/// Adds a piece of knowledge.
#[must_use]
pub fn add_knowledge(scope: ScopeRef, title: &str, content: &str) -> Request {
    let body = EntryBody::Knowledge {
        content: content.to_owned(),
        confidence: 1.0,
        source: None,
        valid_from_ms: None,
        valid_until_ms: None,
        invalidated_by: None,
    };
    Request::AddEntry(AddEntry { id: None, draft: draft(scope, title, body) })
}

/// Adds pieces of knowledge with these titles, all or none.
#[must_use]
pub fn bulk_add_knowledge(scope: ScopeRef, titles: impl Iterator<Item = String>) -> Request {
    let add = |title: String| match add_knowledge(scope, &title, "text") {
        Request::AddEntry(add) => add,
        other => unreachable!("it adds an entry: {other:?}"),
    };
    Request::BulkAddEntries(BulkAddEntries { entries: titles.map(add).collect() })
}

/// Changes the content of a piece of knowledge, from the version that it has.
#[must_use]
pub fn update_knowledge(id: Id, expected_version: u32, content: &str) -> Request {
    let (expected_version, patch) = (Some(expected_version), knowledge_patch(content));
    Request::UpdateEntry(UpdateEntry { id, expected_version, patch })
}

/// New content of a piece of knowledge, and everything else as it is.
#[must_use]
pub fn knowledge_patch(content: &str) -> EntryPatch {
    let body = BodyPatch::Knowledge {
        content: Some(content.to_owned()),
        confidence: None,
        source: None,
        valid_from_ms: None,
        valid_until_ms: None,
        invalidated_by: None,
    };
    EntryPatch {
        name: None,
        category: None,
        tags: None,
        metadata: None,
        body,
        updated_by: None,
        change_reason: None,
    }
}

/// Adds a guideline.
#[must_use]
pub fn add_guideline(scope: ScopeRef, name: &str, content: &str) -> Request {
    let body = EntryBody::Guideline {
        content: content.to_owned(),
        priority: 50,
        rationale: None,
        examples: None,
        verification_rules: None,
    };
    Request::AddEntry(AddEntry { id: None, draft: draft(scope, name, body) })
}

/// An entry with nothing but a name and a body.
#[must_use]
pub fn draft(scope: ScopeRef, name: &str, body: EntryBody) -> EntryDraft {
    EntryDraft {
        scope,
        name: name.to_owned(),
        category: None,
        tags: Vec::new(),
        metadata: None,
        body,
        created_by: None,
        change_reason: None,
    }
}

/// Creates a project.
#[must_use]
pub fn create_project(id: Id, name: &str) -> Request {
    Request::CreateProject(CreateProject {
        id: Some(id),
        org_id: None,
        name: name.to_owned(),
        description: None,
        root_path: None,
        metadata: None,
    })
}

/// Starts a session with nothing but its project, if it has one.
#[must_use]
pub fn start_session(project_id: Option<Id>) -> StartSession {
    StartSession { id: None, project_id, name: None, purpose: None, agent_id: None, metadata: None }
}

/// Reads an entry by name, in exactly one scope.
#[must_use]
pub fn get_by_name(kind: EntryKind, scope: ScopeRef, name: &str) -> Request {
    let selector = EntrySelector::Name { name: name.to_owned(), scope, inherit: false };
    Request::GetEntry(GetEntry { kind, selector, include_inactive: false })
}

/// Lists the entries of one scope.
#[must_use]
pub fn list(kind: EntryKind, scope: ScopeRef, limit: u32, offset: u32) -> Request {
    Request::ListEntries(ListEntries {
        kind,
        scope: Some(scope),
        inherit: false,
        include_inactive: false,
        category: None,
        limit,
        offset,
    })
}

/// Searches everywhere below a scope.
#[must_use]
pub fn search(query: &str, scope: Option<ScopeRef>) -> Search {
    Search::new(query, scope)
}
