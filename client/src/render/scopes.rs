//! Organisations, projects and sessions.

use agent_memory_proto::{
    model::{Org, Project, Session, SessionReport},
    response::SessionPromoted,
};
use serde_json::{Value, json};

use super::{object, put_scope, time};

/// An organisation.
#[must_use]
pub fn org(org: &Org) -> Value {
    json!({
        "id": org.id,
        "name": org.name,
        "createdAt": time(org.created_at_ms),
        "metadata": org.metadata,
    })
}

/// A project.
#[must_use]
pub fn project(project: &Project) -> Value {
    json!({
        "id": project.id,
        "orgId": project.org_id,
        "name": project.name,
        "description": project.description,
        "rootPath": project.root_path,
        "createdAt": time(project.created_at_ms),
        "updatedAt": time(project.updated_at_ms),
        "metadata": project.metadata,
    })
}

/// What became of the entries of a session.
#[must_use]
pub fn promoted(report: &SessionPromoted) -> Value {
    let entries: Vec<Value> = report
        .entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "entryType": entry.kind.name(),
                "name": entry.name,
                "promoted": entry.stays_for.is_none(),
                "nameTakenBy": entry.stays_for,
            })
        })
        .collect();
    let moved = report.entries.iter().filter(|entry| entry.stays_for.is_none()).count();
    let mut fields = object(json!({
        "success": true,
        "promoted": moved,
        "skipped": entries.len() - moved,
        "entries": entries,
    }));
    put_scope(&mut fields, report.scope);
    Value::Object(fields)
}

/// A session, and what it came to.
#[must_use]
pub fn session_report(report: &SessionReport) -> Value {
    let mut value = session(&report.session);
    value["summary"] = json!(report.summary);
    value
}

/// A session.
#[must_use]
pub fn session(session: &Session) -> Value {
    json!({
        "id": session.id,
        "projectId": session.project_id,
        "name": session.name,
        "purpose": session.purpose,
        "agentId": session.agent_id,
        "status": session.status.name(),
        "startedAt": time(session.started_at_ms),
        "endedAt": session.ended_at_ms.map(time),
        "metadata": session.metadata,
    })
}
