//! Sessions: every request about them, and what is answered of one that ended or was promoted.

use agent_memory_proto::{
    Request, Response,
    model::{EntryKind, ScopeRef, Session, SessionReport, SessionStatus},
    request::*,
    response::*,
};

use super::{AT_MS, id, json, text};

pub(super) fn requests() -> Vec<Request> {
    vec![
        Request::StartSession(StartSession {
            id: Some(id(5)),
            project_id: Some(id(2)),
            name: text("morning"),
            purpose: text("fix the build"),
            agent_id: text("claude"),
            metadata: json("{}"),
        }),
        Request::PromoteSession(PromoteSession {
            id: id(5),
            entry_ids: vec![id(6), id(7)],
            strategy: PromoteStrategy::Skip,
            promoted_by: text("claude"),
        }),
        Request::FinishSession(FinishSession {
            id: id(5),
            status: SessionStatus::Completed,
            summary: text("the nozzle holds"),
        }),
        Request::EndSession(EndSession { id: id(5), status: SessionStatus::Completed }),
        Request::ListSessions(ListSessions {
            project_id: Some(id(2)),
            status: Some(SessionStatus::Active),
            limit: 20,
            offset: 0,
        }),
    ]
}

pub(super) fn responses() -> Vec<Response> {
    let report = || SessionReport { session: session(), summary: text("the nozzle holds") };
    let entry =
        PromotedEntry { id: id(6), kind: EntryKind::Tool, name: "welder".to_owned(), stays_for: Some(id(7)) };
    vec![
        Response::SessionPromoted(SessionPromoted { scope: ScopeRef::project(id(2)), entries: vec![entry] }),
        Response::SessionReport(Box::new(report())),
        Response::SessionReports(SessionReportPage { sessions: vec![report()], has_more: true }),
    ]
}

pub(super) fn session() -> Session {
    Session {
        id: id(5),
        project_id: Some(id(2)),
        name: text("morning"),
        purpose: text("fix the build"),
        agent_id: text("claude"),
        status: SessionStatus::Paused,
        metadata: json("{}"),
        started_at_ms: AT_MS,
        ended_at_ms: Some(AT_MS + 1),
    }
}
