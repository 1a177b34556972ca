//! Sessions at the command line: what they came to, what moves to the project, and that one ends by itself.

use agent_memory_proto::{Request, Response, model::SessionStatus, request::ListSessions};
use agent_memory_tests::{Backend, Instance, on_every_backend, requests::*, until};
use serde_json::Value;

/// Starts a session of the project `shop`, which is created.
fn start(instance: &Instance) -> String {
    assert!(matches!(instance.connect().call(&create_project(new_id(), "shop")), Response::Project(_)));
    let started = instance.json(["--project", "shop", "session", "start", "morning", "--purpose", "welding"]);
    started["session"]["id"].as_str().expect("an id").to_owned()
}

fn a_session_leaves_its_entries_to_the_project_and_says_what_it_came_to(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let session = start(&instance);
    let scope = format!("session:{session}");
    let add = |title: &str, scope: &str| {
        let added =
            instance.json(["--project", "shop", "knowledge", "add", title, "it holds", "--scope", scope]);
        added["knowledge"]["id"].as_str().expect("an id").to_owned()
    };
    let (nozzle, paint) = (add("nozzle", &scope), add("paint", &scope));
    add("paint", "project");
    let refused = instance.run(["session", "promote", &session]);
    assert!(refused.code != 0 && refused.err.contains("paint"), "{refused:?}");
    let promoted = instance.json(["session", "promote", &session, "--skip"]);
    assert_eq!((&promoted["promoted"], &promoted["skipped"]), (&Value::from(1), &Value::from(1)));
    let found = instance.json(["--project", "shop", "query", "search", "nozzle"]);
    assert!(found.to_string().contains(&nozzle) && !found.to_string().contains(&paint), "{found}");

    let ended = instance.json(["session", "end", &session, "--summary", "the nozzle holds"]);
    assert_eq!(ended["session"]["summary"], "the nozzle holds");
    let listed = instance.json(["--project", "shop", "session", "list"]);
    assert_eq!(listed["sessions"][0]["summary"], "the nozzle holds");
    assert!(instance.run(["--project", "shop", "session", "list"]).ok().out.contains("the nozzle holds"));
}

fn an_abandoned_session_ends_by_itself(backend: Backend) {
    let instance = backend.instance().with("SESSION_TIMEOUT_MS", 300);
    let daemons = if backend.is_shared() { vec![instance.another()] } else { Vec::new() };
    let _daemon = instance.start_daemon();
    let _others: Vec<_> = daemons.iter().map(|other| other.start_daemon()).collect();
    let session = start(&instance);
    let mut wire = instance.connect_unlimited();
    let completed =
        ListSessions { project_id: None, status: Some(SessionStatus::Completed), limit: 10, offset: 0 };
    let report = until("the session ends", || match wire.call(&Request::ListSessions(completed.clone())) {
        Response::SessionReports(page) => page.sessions.into_iter().next(),
        other => panic!("no sessions: {other:?}"),
    });
    assert_eq!(report.session.id.to_string(), session);
    assert!(report.session.ended_at_ms.is_some());
    assert!(report.summary.is_some_and(|summary| summary.starts_with("Ended by itself")));
    instance.json(["session", "end", &session, "--status", "active"]);
}

on_every_backend!(
    a_session_leaves_its_entries_to_the_project_and_says_what_it_came_to,
    an_abandoned_session_ends_by_itself,
);
