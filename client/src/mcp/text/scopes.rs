//! Organisations, projects and sessions.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    model::{Org, Project, ScopeRef, Session, SessionReport},
    response::{OrgPage, ProjectPage, SessionPage, SessionPromoted, SessionReportPage},
};

use super::{RECALLED, list, one_line, part, quote, when};
use crate::mcp::names::Names;

pub(super) fn org(org: &Org) -> String {
    format!("Created org {:?} (id {})", org.name, org.id)
}

pub(super) fn orgs(page: &OrgPage) -> String {
    let heading = format!("{RECALLED} {} organisations:", page.orgs.len());
    list("No organisations.", &heading, &page.orgs, page.has_more, |out, org| {
        let _ = write!(out, "{:?} (id {})", org.name, org.id);
    })
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
    let heading = format!("{RECALLED} {} projects:", page.projects.len());
    list("No projects.", &heading, &page.projects, page.has_more, project_line)
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
    sessions_of(&page.sessions, page.has_more, |out, session| session_line(out, session, names))
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
    sessions_of(&page.sessions, page.has_more, |out, report| {
        session_line(out, &report.session, names);
        summary(out, report);
    })
}

fn sessions_of<T>(sessions: &[T], has_more: bool, line: impl Fn(&mut String, &T)) -> String {
    let heading = format!("{RECALLED} {} sessions, latest start first:", sessions.len());
    list("No sessions.", &heading, sessions, has_more, line)
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
