//! The end under load: what was acknowledged is there, what was refused is not.

use std::{collections::BTreeSet, thread, time::Duration};

use agent_memory_proto::{
    ErrorCode, Response,
    model::{Id, ScopeRef},
    request::Envelope,
};
use agent_memory_tests::{Backend, Exit, Instance, on_every_backend, requests, until};
use rustix::process::Signal;

use crate::durability::{Load, stored_titles};

/// Writes until the connection ends; returns the titles that were acknowledged and refused.
fn write_until_the_end(instance: &Instance, project: Id, writer: usize) -> (Vec<String>, Vec<String>) {
    let mut wire = instance.connect();
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for round in 0.. {
        // Several in flight, so that the end meets some that are accepted and some that are not.
        let mut waiting = Vec::new();
        for n in 0..8 {
            let title = format!("w{writer} r{round} n{n}");
            let add = requests::add_knowledge(ScopeRef::project(project), &title, "text");
            let key = Envelope { idempotency_key: Some(requests::new_id()), ..Envelope::default() };
            match wire.send(&add, &key) {
                Ok(id) => waiting.push((id, title)),
                Err(_) => return (acknowledged, refused),
            }
        }
        for (id, title) in waiting {
            match wire.answer(id) {
                Ok((_, Response::Written(_))) => acknowledged.push(title),
                Ok((_, Response::Error(error))) => {
                    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
                    refused.push(title);
                }
                Ok((_, other)) => panic!("{other:?}"),
                Err(_) => return (acknowledged, refused),
            }
        }
    }
    unreachable!("the daemon ends first")
}

fn stop_under_load(
    backend: Backend,
    signals: &[Signal],
) -> (Instance, Id, BTreeSet<String>, BTreeSet<String>) {
    let instance = backend.instance().without_rate_limits();
    let mut daemon = instance.start_daemon();
    let project = requests::new_id();
    instance.connect().call(&requests::create_project(project, "p"));
    let (acknowledged, refused) = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|n| {
                scope.spawn({
                    let instance = &instance;
                    move || write_until_the_end(instance, project, n)
                })
            })
            .collect();
        let mut wire = instance.connect();
        until("the load is under way", || {
            let page = wire.call(&requests::list(
                agent_memory_proto::model::EntryKind::Knowledge,
                ScopeRef::project(project),
                100,
                0,
            ));
            matches!(page, Response::Entries(page) if page.has_more).then_some(())
        });
        for signal in signals {
            daemon.signal(*signal);
        }
        let results: Vec<_> = writers.into_iter().map(|writer| writer.join().expect("a writer")).collect();
        let (acknowledged, refused): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        (acknowledged.into_iter().flatten().collect(), refused.into_iter().flatten().collect())
    });
    let exit =
        agent_memory_tests::until_within(Duration::from_secs(20), "the daemon ends", || daemon.exited());
    assert_eq!(exit, Exit::Code(0), "{}", daemon.log());
    (instance, project, acknowledged, refused)
}

fn a_signal_under_load_loses_nothing_acknowledged_and_keeps_nothing_refused(backend: Backend) {
    let (instance, project, acknowledged, refused) = stop_under_load(backend, &[Signal::TERM]);
    assert!(!acknowledged.is_empty());
    let _daemon = instance.start_daemon();
    let stored: BTreeSet<String> = stored_titles(&instance, project).into_iter().collect();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
    let kept: Vec<_> = refused.intersection(&stored).collect();
    assert!(kept.is_empty(), "{} refused writes were stored: {kept:?}", kept.len());
}

fn a_second_signal_ends_it_at_once_and_loses_nothing_acknowledged(backend: Backend) {
    let (instance, project, acknowledged, _) = stop_under_load(backend, &[Signal::TERM, Signal::INT]);
    let _daemon = instance.start_daemon();
    let stored: BTreeSet<String> = stored_titles(&instance, project).into_iter().collect();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "{} acknowledged writes are lost: {lost:?}", lost.len());
}

fn a_client_in_flight_is_answered_by_the_next_daemon(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let mut load = Load::start(&instance, 1);
    load.run_until_acknowledged(50);
    load.stop_daemon();
    load.restart_and_repeat();
    load.check();
}

on_every_backend!(
    a_signal_under_load_loses_nothing_acknowledged_and_keeps_nothing_refused,
    a_second_signal_ends_it_at_once_and_loses_nothing_acknowledged,
    a_client_in_flight_is_answered_by_the_next_daemon,
);
