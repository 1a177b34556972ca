//! A write that is sent twice is applied once, and answered the same twice.

use agent_memory_proto::{
    ErrorCode, Request, Response,
    frame::FLAG_REPLAYED,
    model::{EntryKind, ScopeRef},
    request::Envelope,
};
use agent_memory_tests::{Backend, Instance, on_every_backend, requests};

fn the_same_key_gives_the_same_answer_also_after_a_kill(backend: Backend) {
    let instance = backend.instance();
    let mut daemon = instance.start_daemon();
    let key = requests::new_id();
    let request = requests::add_knowledge(ScopeRef::GLOBAL, "once", "text");
    let (flags, first) = instance.connect().write(&request, key).expect("answered");
    assert!(matches!(first, Response::Written(_)), "{first:?}");
    assert_eq!(flags & FLAG_REPLAYED, 0);
    let (flags, again) = instance.connect().write(&request, key).expect("answered");
    assert_eq!((flags & FLAG_REPLAYED, &again), (FLAG_REPLAYED, &first));
    daemon.kill();
    let _daemon = instance.start_daemon();
    let (flags, after) = instance.connect().write(&request, key).expect("answered");
    assert_eq!((flags & FLAG_REPLAYED, &after), (FLAG_REPLAYED, &first));
    let Response::Entries(page) =
        instance.connect().call(&requests::list(EntryKind::Knowledge, ScopeRef::GLOBAL, 10, 0))
    else {
        panic!("no list")
    };
    assert_eq!(page.entries.len(), 1);
}

fn the_same_key_for_another_request_is_a_conflict(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let key = requests::new_id();
    let mut wire = instance.connect();
    wire.write(&requests::add_knowledge(ScopeRef::GLOBAL, "one", "text"), key).expect("answered");
    let other = requests::add_knowledge(ScopeRef::GLOBAL, "two", "text");
    let Response::Error(error) = wire.write(&other, key).expect("answered").1 else { panic!("not refused") };
    assert_eq!(error.code, ErrorCode::Conflict, "{error}");
}

fn a_refused_write_may_be_mended_and_sent_again(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let project = requests::new_id();
    let request = requests::add_knowledge(ScopeRef::project(project), "one", "text");
    let key = requests::new_id();
    let Response::Error(error) = wire.write(&request, key).expect("answered").1 else {
        panic!("not refused")
    };
    assert_eq!(error.code, ErrorCode::NotFound, "{error}");
    wire.call(&requests::create_project(project, "late"));
    let (flags, answer) = wire.write(&request, key).expect("answered");
    assert!(matches!(answer, Response::Written(_)), "{answer:?}");
    assert_eq!(flags & FLAG_REPLAYED, 0);
}

fn ten_at_once_with_one_key_are_applied_once(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let key = Some(requests::new_id());
    let request = requests::add_knowledge(ScopeRef::GLOBAL, "once", "text");
    let envelope = Envelope { idempotency_key: key, ..Envelope::default() };
    let mut wires: Vec<_> = (0..10).map(|_| instance.connect()).collect();
    let ids: Vec<u64> = wires.iter_mut().map(|wire| wire.send(&request, &envelope).expect("sends")).collect();
    let answers: Vec<Response> =
        wires.iter_mut().zip(ids).map(|(wire, id)| wire.answer(id).expect("answered").1).collect();
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert!(matches!(answers[0], Response::Written(_)), "{answers:?}");
}

#[test]
fn a_read_ignores_its_key() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let key = requests::new_id();
    let mut wire = instance.connect();
    for _ in 0..2 {
        let (flags, _) = wire.write(&Request::Config, key).expect("answered");
        assert_eq!(flags & FLAG_REPLAYED, 0);
    }
}

on_every_backend!(
    the_same_key_gives_the_same_answer_also_after_a_kill,
    the_same_key_for_another_request_is_a_conflict,
    a_refused_write_may_be_mended_and_sent_again,
    ten_at_once_with_one_key_are_applied_once,
);
