//! Organisations, projects and sessions.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    model::{Org, Project, ScopeRef, Session, SessionReport},
    response::{OrgPage, ProjectPage, SessionPage, SessionPromoted, SessionReportPage},
};

use super::{RECALLED, more, one_line, part, quote, when};
use crate::mcp::names::Names;

pub(super) fn org(org: &Org) -> String {
    format!("Created org {:?} (id {})", org.name, org.id)
}

pub(super) fn orgs(page: &OrgPage) -> String {
    if page.orgs.is_empty() {
        return "No organisations.".to_owned();
    }
    let mut out = format!("{RECALLED} {} organisations:", page.orgs.len());
    for org in &page.orgs {
        let _ = write!(out, "\n- {:?} (id {})", org.name, org.id);
    }
    more(&mut out, page.has_more, "give offset");
    out
}

pub(super) fn project(request: &Request, project: &Project) -> String {
    let mut out = match request {
        Request::CreateProject(_) => "Created project ".to_owned(),
        Request::UpdateProject(_) => "Updated project ".to_owned(),
        _ => format!("{RECALLED}\nProject "),
    };
    project_line(&mut out, project);
    if let Some(metadata) = &project.metadata {
        let _ = write!(out, "\n  metadata: {}", one_line(&metadata.0));
    }
    out
}

pub(super) fn projects(page: &ProjectPage) -> String {
    if page.projects.is_empty() {
        return "No projects.".to_owned();
    }
    let mut out = format!("{RECALLED} {} projects:", page.projects.len());
    for project in &page.projects {
        out.push_str("\n- ");
        project_line(&mut out, project);
    }
    more(&mut out, page.has_more, "give offset");
    out
}

fn project_line(out: &mut String, project: &Project) {
    let _ = write!(out, "{:?} (id {})", project.name, project.id);
    part(out, "root ", project.root_path.as_deref());
    part(out, "org ", project.org_id.map(|id| id.to_string()).as_deref());
    part(out, "", project.description.as_deref());
}

pub(super) fn session(session: &Session, names: &Names) -> String {
    let mut out = String::from("Session ");
    session_line(&mut out, session, names);
    out
}

pub(super) fn sessions(page: &SessionPage, names: &Names) -> String {
    if page.sessions.is_empty() {
        return "No sessions.".to_owned();
    }
    let mut out = format!("{RECALLED} {} sessions, latest start first:", page.sessions.len());
    for session in &page.sessions {
        out.push_str("\n- ");
        session_line(&mut out, session, names);
    }
    more(&mut out, page.has_more, "give offset");
    out
}

pub(super) fn promoted(report: &SessionPromoted, names: &Names) -> String {
    let moved = report.entries.iter().filter(|entry| entry.stays_for.is_none()).count();
    let place = names.label(report.scope);
    let mut out = format!("{moved} of {} entries moved to {place}:", report.entries.len());
    for entry in &report.entries {
        let _ = write!(out, "\n- {} {:?} (id {})", entry.kind, one_line(&entry.name), entry.id);
        if let Some(holder) = entry.stays_for {
            let _ = write!(out, " stays: {holder} has its name");
        }
    }
    out
}

pub(super) fn session_report(report: &SessionReport, names: &Names) -> String {
    let mut out = session(&report.session, names);
    summary(&mut out, report);
    out
}

pub(super) fn session_reports(page: &SessionReportPage, names: &Names) -> String {
    if page.sessions.is_empty() {
        return "No sessions.".to_owned();
    }
    let mut out = format!("{RECALLED} {} sessions, latest start first:", page.sessions.len());
    for report in &page.sessions {
        out.push_str("\n- ");
        session_line(&mut out, &report.session, names);
        summary(&mut out, report);
    }
    more(&mut out, page.has_more, "give offset");
    out
}

fn summary(out: &mut String, report: &SessionReport) {
    if let Some(summary) = &report.summary {
        quote(out, summary);
    }
}

fn session_line(out: &mut String, session: &Session, names: &Names) {
    if let Some(name) = &session.name {
        let _ = write!(out, "{:?} ", one_line(name));
    }
    let _ = write!(out, "(id {}) · {}", session.id, session.status);
    part(out, "", session.project_id.map(|id| names.label(ScopeRef::project(id))).as_deref());
    part(out, "agent ", session.agent_id.as_deref());
    part(out, "for: ", session.purpose.as_deref());
    let _ = write!(out, " · since {}", when(session.started_at_ms));
    if let Some(ended_at_ms) = session.ended_at_ms {
        let _ = write!(out, " until {}", when(ended_at_ms));
    }
}
