//! Tasks: many agents take them through several daemons, and each is taken once; at the command line they are
//! added, claimed, wait for each other, and are done.

use std::{collections::BTreeMap, thread};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    model::{Id, ScopeRef, TaskDetails, TaskStatus},
    request::{AddTask, ClaimTask, GetTask},
    response::TaskAction,
};
use agent_memory_tests::{Backend, Daemon, Instance, Wire, on_every_backend, requests::new_id};
use serde_json::Value;

const AGENTS: usize = 16;
const TASKS: usize = 50;

fn adding(title: &str) -> Request {
    let details = TaskDetails { title: title.to_owned(), ..TaskDetails::default() };
    Request::AddTask(Box::new(AddTask {
        id: None,
        scope: ScopeRef::GLOBAL,
        details,
        created_by: Some("ada".to_owned()),
        change_reason: None,
    }))
}

fn add(wire: &mut Wire, title: &str) -> Id {
    match wire.call(&adding(title)) {
        Response::TaskWritten(written) => written.task.id,
        other => panic!("not added: {other:?}"),
    }
}

/// Takes what it can get, and returns that. Whoever comes second is told who has it.
fn take_all(mut wire: Wire, agent: &str, tasks: &[Id]) -> Vec<Id> {
    let mut taken = Vec::new();
    for id in tasks {
        let claim = Request::ClaimTask(ClaimTask { id: *id, agent_id: Some(agent.to_owned()) });
        let (_, answer) = wire.write(&claim, new_id()).expect("an answer");
        match answer {
            Response::TaskWritten(written) => {
                assert_eq!(written.action, TaskAction::Claimed);
                taken.push(*id);
            }
            Response::Error(body) => {
                assert_eq!(body.code, ErrorCode::Conflict, "{body}");
                assert!(body.message.contains("belongs to agent \"agent "), "{body}");
            }
            other => panic!("{other:?}"),
        }
    }
    taken
}

fn sixteen_agents_take_fifty_tasks_and_each_is_taken_once(backend: Backend) {
    let first = backend.instance().without_rate_limits();
    let instances = if backend.is_shared() { vec![first.another(), first] } else { vec![first] };
    let _daemons: Vec<Daemon> = instances.iter().map(Instance::start_daemon).collect();
    let mut wire = instances[0].connect_unlimited();
    let tasks: Vec<Id> = (0..TASKS).map(|number| add(&mut wire, &format!("task {number}"))).collect();
    let taken: Vec<(usize, Id)> = thread::scope(|scope| {
        let agents: Vec<_> = (0..AGENTS)
            .map(|agent| {
                let (instance, tasks) = (&instances[agent % instances.len()], &tasks);
                scope.spawn(move || {
                    take_all(instance.connect_unlimited(), &format!("agent {agent}"), tasks)
                        .into_iter()
                        .map(|id| (agent, id))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        agents.into_iter().flat_map(|agent| agent.join().expect("it took what it could")).collect()
    });
    let owners: BTreeMap<Id, usize> = taken.iter().map(|(agent, id)| (*id, *agent)).collect();
    assert_eq!((taken.len(), owners.len()), (TASKS, TASKS), "each is taken once");
    for id in tasks {
        let Response::Task(task) = wire.call(&Request::GetTask(GetTask { id })) else { panic!("no task") };
        assert_eq!(task.details.assignee, Some(format!("agent {}", owners[&id])));
        assert_eq!((task.details.status, task.version), (TaskStatus::InProgress, 2));
    }
}

fn tasks_are_told_to_those_who_watch(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut subscriber = instance.connect();
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    let id = add(&mut instance.connect(), "tell");
    let event = subscriber.event().expect("an event");
    assert!(
        matches!(event, agent_memory_proto::Event::TaskChanged { task_id, version: 1, .. } if task_id == id),
        "{event:?}"
    );
}

fn at_the_command_line_a_task_goes_from_added_to_done(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let id = |value: &Value| value["task"]["id"].as_str().expect("an id").to_owned();
    let scope = ["--scope", "global"];
    let added =
        instance.json(["task", "add", "Weld the nozzle", "--severity", "high"].into_iter().chain(scope));
    let weld = id(&added);
    let paint = id(&instance.json(["task", "add", "Paint it"].into_iter().chain(scope)));
    instance.json(["task", "block", &paint, &weld]);
    let blocked = instance.json(["task", "list", "--blocked"].into_iter().chain(scope));
    assert_eq!(blocked["tasks"][0]["id"], paint.as_str());
    assert_eq!(blocked["tasks"][0]["openBlockers"][0], weld.as_str());
    let refused = instance.run(["--agent", "bob", "task", "claim", &paint]);
    assert!(refused.code != 0 && refused.err.contains(&weld), "{refused:?}");

    let claimed = instance.json(["--agent", "ada", "task", "claim", &weld]);
    assert_eq!(claimed["task"]["assignee"], "ada");
    let refused = instance.run(["--agent", "bob", "task", "claim", &weld]);
    assert!(refused.code != 0 && refused.err.contains("\"ada\""), "{refused:?}");
    let done = instance.json(["task", "status", &weld, "done", "--resolution", "welded"]);
    assert_eq!((&done["previousStatus"], &done["task"]["status"]), (&"in_progress".into(), &"done".into()));
    assert!(done["task"]["resolvedAt"].is_string());
    instance.json(["--agent", "bob", "task", "claim", &paint]);

    let text = instance.run(["task", "list"].into_iter().chain(scope)).ok().out;
    assert!(text.contains("Weld the nozzle") && text.contains("bob"), "{text}");
    let history = instance.json(["task", "history", &weld]);
    assert_eq!(history["meta"]["currentVersionNum"], 3);
    assert_eq!(history["versions"].as_array().map(Vec::len), Some(3));
    let wrong = instance.run(["task", "status", &weld, "finished"]);
    assert!(wrong.code == 2 && wrong.err.contains("wont_do"), "{wrong:?}");
    let exported = instance.run(["export", "all.json"]).ok();
    assert!(exported.err.contains(" 2 tasks and 0 relations written"), "{exported:?}");
    instance.json(["task", "delete", &paint]);
    assert_eq!(instance.run(["task", "get", &paint]).code, 4);
}

on_every_backend!(
    sixteen_agents_take_fifty_tasks_and_each_is_taken_once,
    tasks_are_told_to_those_who_watch,
    at_the_command_line_a_task_goes_from_added_to_done,
);
