//! Organisations, projects and sessions, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{Org, Project, Session},
    response::SessionPromoted,
};

use super::style::{Style, first_line, more, scope};

/// Characters of a summary in a table.
const SUMMARY_CHARS: usize = 60;

pub(crate) fn orgs(style: Style, orgs: &[Org], has_more: bool) -> String {
    let rows =
        orgs.iter().map(|org| vec![org.id.to_string(), org.name.clone(), times::format(org.created_at_ms)]);
    style.table(&["id", "name", "created"], rows) + more(has_more)
}

pub(crate) fn projects(style: Style, projects: &[Project], has_more: bool) -> String {
    let rows = projects.iter().map(|project| {
        vec![
            project.id.to_string(),
            project.name.clone(),
            project.root_path.clone().unwrap_or_default(),
            times::format(project.updated_at_ms),
        ]
    });
    style.table(&["id", "name", "directory", "updated"], rows) + more(has_more)
}

pub(crate) fn project(style: Style, project: &Project) -> String {
    fields(
        style,
        &format!("project {}", style.bold(&project.name)),
        &[
            ("id", Some(project.id.to_string())),
            ("directory", project.root_path.clone()),
            ("organisation", project.org_id.map(|id| id.to_string())),
            ("description", project.description.clone()),
            ("metadata", project.metadata.as_ref().map(|metadata| metadata.0.clone())),
            ("created", Some(times::format(project.created_at_ms))),
            ("updated", Some(times::format(project.updated_at_ms))),
        ],
    )
}

pub(crate) fn sessions<'a>(
    style: Style,
    sessions: impl Iterator<Item = (&'a Session, Option<&'a str>)>,
    has_more: bool,
) -> String {
    let rows = sessions.map(|(session, summary)| {
        vec![
            session.id.to_string(),
            session.name.clone().unwrap_or_default(),
            session.status.name().to_owned(),
            session.agent_id.clone().unwrap_or_default(),
            times::format(session.started_at_ms),
            session.ended_at_ms.map(times::format).unwrap_or_default(),
            summary.map(|summary| first_line(summary, SUMMARY_CHARS)).unwrap_or_default(),
        ]
    });
    style.table(&["id", "name", "status", "agent", "started", "ended", "summary"], rows) + more(has_more)
}

pub(crate) fn promoted(style: Style, report: &SessionPromoted, project: Option<&Project>) -> String {
    let moved = report.entries.iter().filter(|entry| entry.stays_for.is_none()).count();
    let rows = report.entries.iter().map(|entry| {
        let what = match entry.stays_for {
            None => "moved".to_owned(),
            Some(holder) => format!("stays: {holder} has its name"),
        };
        vec![entry.id.to_string(), entry.kind.name().to_owned(), entry.name.clone(), what]
    });
    let table = style.table(&["id", "kind", "name", ""], rows);
    format!("{moved} of {} entries moved to {}\n{table}", report.entries.len(), scope(report.scope, project))
}

pub(crate) fn session(style: Style, session: &Session, summary: Option<&str>) -> String {
    let name = session.name.as_deref().unwrap_or("(without a name)");
    fields(
        style,
        &format!("session {} {}", style.bold(name), session.status),
        &[
            ("id", Some(session.id.to_string())),
            ("project", session.project_id.map(|id| id.to_string())),
            ("purpose", session.purpose.clone()),
            ("agent", session.agent_id.clone()),
            ("started", Some(times::format(session.started_at_ms))),
            ("ended", session.ended_at_ms.map(times::format)),
            ("summary", summary.map(str::to_owned)),
        ],
    )
}

/// A heading with its fields; those without a value are left out.
pub(crate) fn fields(style: Style, heading: &str, fields: &[(&str, Option<String>)]) -> String {
    let lines = fields.iter().filter_map(|(name, value)| {
        let value = value.as_ref().filter(|value| !value.is_empty())?;
        Some(format!("\n  {} {value}", style.dim(&format!("{name:<14}"))))
    });
    heading.to_owned() + &lines.collect::<String>()
}
