//! The workload that the product exists for: many agents, each with its bridge, one store.

use std::{collections::BTreeSet, thread, time::Duration};

use agent_memory_proto::model::Id;
use agent_memory_tests::{Backend, Bridge, Instance, on_every_backend, requests, until};
use serde_json::{Value, json};

use crate::durability::{check_integrity, stored_titles};

const BRIDGES: usize = 32;
const WRITES: usize = 200;

fn knowledge(project: Id, title: &str) -> Value {
    json!({
        "action": "add", "scopeType": "project", "scopeId": project.to_string(),
        "title": title, "content": format!("what {title} says"),
    })
}

fn with_project(instance: &Instance) -> Id {
    let project = requests::new_id();
    instance.connect().call(&requests::create_project(project, "shared"));
    project
}

fn thirty_two_bridges_write_two_hundred_each_at_once_and_none_is_lost(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let mut daemon = instance.start_daemon();
    let project = with_project(&instance);
    let started = std::time::Instant::now();
    thread::scope(|scope| {
        for bridge in 0..BRIDGES {
            let instance = &instance;
            scope.spawn(move || {
                let mut agent = Bridge::start(instance, &format!("agent-{bridge}"));
                let ids: Vec<u64> = (0..WRITES)
                    .map(|n| {
                        agent.send_call("memory_knowledge", &knowledge(project, &format!("b{bridge} n{n}")))
                    })
                    .collect();
                for id in ids {
                    let answer = agent.answer(id);
                    assert_ne!(answer["result"]["isError"], json!(true), "{answer}");
                    assert!(answer["error"].is_null(), "{answer}");
                }
                assert_eq!(agent.close(), 0);
            });
        }
    });
    println!("{BRIDGES} bridges x {WRITES} writes: {:?}", started.elapsed());
    let stored = stored_titles(&instance, project);
    let distinct: BTreeSet<&String> = stored.iter().collect();
    assert_eq!((stored.len(), distinct.len()), (BRIDGES * WRITES, BRIDGES * WRITES));
    daemon.stop();
    check_integrity(&instance);
}

#[test]
fn with_rate_limits_agents_that_wait_as_told_lose_nothing() {
    let instance = Instance::new().with("RATE_LIMIT_BURST_MAX", 20).with("RATE_LIMIT_BURST_WINDOW_MS", 200);
    let _daemon = instance.start_daemon();
    let project = with_project(&instance);
    thread::scope(|scope| {
        for bridge in 0..4 {
            let instance = &instance;
            scope.spawn(move || {
                let mut agent = Bridge::start(instance, &format!("agent-{bridge}"));
                let mut left: Vec<String> = (0..50).map(|n| format!("b{bridge} n{n}")).collect();
                until("everything is stored", || {
                    let sent: Vec<_> = std::mem::take(&mut left)
                        .into_iter()
                        .map(|title| {
                            (agent.send_call("memory_knowledge", &knowledge(project, &title)), title)
                        })
                        .collect();
                    for (id, title) in sent {
                        let answer = agent.answer(id);
                        if answer["result"]["isError"] == json!(true) || !answer["error"].is_null() {
                            assert!(answer.to_string().contains("E7001"), "{answer}");
                            left.push(title);
                        }
                    }
                    left.is_empty().then_some(())
                });
            });
        }
    });
    let stored = stored_titles(&instance, project);
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), 4 * 50);
    assert_eq!(stored.len(), 4 * 50);
}

#[test]
fn killed_bridges_take_nothing_acknowledged_with_them() {
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    let project = with_project(&instance);
    let mut acknowledged = BTreeSet::new();
    for round in 0..5 {
        let mut agent = Bridge::start(&instance, "mortal");
        let sent: Vec<_> = (0..40)
            .map(|n| {
                let title = format!("r{round} n{n}");
                (agent.send_call("memory_knowledge", &knowledge(project, &title)), title)
            })
            .collect();
        for (id, title) in sent.into_iter().take(10 * round) {
            let answer = agent.answer(id);
            assert_ne!(answer["result"]["isError"], json!(true), "{answer}");
            acknowledged.insert(title);
        }
        agent.kill();
    }
    let stored = stored_titles(&instance, project);
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(distinct.len(), stored.len(), "a write was applied twice");
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

fn bridges_outlive_a_killed_daemon_and_lose_nothing(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let mut daemon = instance.start_daemon();
    let project = with_project(&instance);
    let titles: BTreeSet<String> = thread::scope(|scope| {
        let agents: Vec<_> = (0..4)
            .map(|bridge| {
                let instance = &instance;
                scope.spawn(move || {
                    let mut agent = Bridge::start(instance, &format!("agent-{bridge}"));
                    (0..100)
                        .map(|n| {
                            let title = format!("b{bridge} n{n}");
                            agent.call_ok("memory_knowledge", &knowledge(project, &title));
                            title
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        agent_memory_tests::until_within(Duration::from_secs(60), "the load is under way", || {
            (stored_titles(&instance, project).len() > 50).then_some(())
        });
        daemon.kill();
        agents.into_iter().flat_map(|agent| agent.join().expect("an agent")).collect()
    });
    assert_eq!(titles.len(), 400);
    let stored = stored_titles(&instance, project);
    assert_eq!(stored.len(), 400, "lost or twice");
    assert_eq!(stored.into_iter().collect::<BTreeSet<_>>(), titles);
}

on_every_backend!(
    thirty_two_bridges_write_two_hundred_each_at_once_and_none_is_lost,
    bridges_outlive_a_killed_daemon_and_lose_nothing,
);
