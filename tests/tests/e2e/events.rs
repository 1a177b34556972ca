//! Events: told to those who subscribed, after the change is durable.

use agent_memory_proto::{
    Event, Request, Response,
    event::ChangeAction,
    model::{EntryKind, ScopeRef},
    request::DeleteEntry,
};
use agent_memory_tests::{Backend, Exit, Instance, on_every_backend, requests};
use rustix::process::Signal;

fn a_subscriber_hears_of_every_change_and_of_the_end(backend: Backend) {
    let instance = backend.instance();
    let mut daemon = instance.start_daemon();
    let mut subscriber = instance.connect();
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    let mut writer = instance.connect();
    let Response::Written(added) = writer.call(&requests::add_knowledge(ScopeRef::GLOBAL, "a", "b")) else {
        panic!("not written")
    };
    let expected = |action| Event::EntryChanged {
        entry_id: added.id,
        kind: EntryKind::Knowledge,
        scope: ScopeRef::GLOBAL,
        action,
        version: 1,
        changed_by: Some("tester".to_owned()),
    };
    assert_eq!(subscriber.event().expect("an event"), expected(ChangeAction::Added));
    let delete = DeleteEntry { kind: EntryKind::Knowledge, id: added.id };
    writer.call(&Request::DeleteEntry(delete));
    assert_eq!(subscriber.event().expect("an event"), expected(ChangeAction::Deleted));
    daemon.signal(Signal::TERM);
    assert!(matches!(subscriber.event().expect("an event"), Event::ShuttingDown { .. }));
    assert_eq!(daemon.wait(), Exit::Code(0));
}

fn one_who_did_not_subscribe_hears_nothing(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "a", "b"));
    wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "c", "d"));
    let id = wire.send(&Request::Health, &Default::default()).expect("sends");
    let frame = wire.receive().expect("an answer");
    assert_eq!(frame.header.request_id, id, "nothing came before the answer");
}

/// One that takes no events neither grows the daemon nor slows the writers; it is told how many it
/// missed.
#[test]
fn a_slow_subscriber_is_told_how_much_it_missed() {
    const ROUNDS: usize = 400;
    let instance = Instance::new().without_rate_limits();
    let daemon = instance.start_daemon();
    let mut subscriber = instance.connect();
    assert_eq!(subscriber.call(&Request::Subscribe), Response::Done);
    let mut writer = instance.connect();
    for round in 0..ROUNDS {
        let titles = (0..100).map(|n| format!("r{round} n{n}"));
        let added = writer.call(&requests::bulk_add_knowledge(ScopeRef::GLOBAL, titles));
        assert!(matches!(added, Response::BulkWritten(_)), "{added:?}");
    }
    let (mut heard, mut missed) = (0, 0);
    while heard + missed < ROUNDS as u64 * 100 {
        match subscriber.event().expect("the connection goes on") {
            Event::EntryChanged { .. } => heard += 1,
            Event::Lagged { missed: more } => missed += more,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard + missed, ROUNDS as u64 * 100, "every event is heard or counted");
    assert!(
        missed > 0,
        "40,000 events fit into no bounded queue ({} bytes resident)",
        daemon.resident_bytes()
    );
}

on_every_backend!(a_subscriber_hears_of_every_change_and_of_the_end, one_who_did_not_subscribe_hears_nothing,);
