//! Nothing stale is served once a write was acknowledged, whoever wrote and whatever was cached.

use std::thread;

use agent_memory_proto::{
    Request, Response,
    frame::FLAG_CACHED,
    model::{EntryKind, ScopeRef},
};
use agent_memory_tests::{Backend, StopOnDrop, Wire, on_every_backend, requests};

fn read(wire: &mut Wire, request: &Request) -> (bool, String) {
    let (flags, answer) = wire.exchange(request, &Default::default()).expect("answered");
    let Response::Entry(entry) = answer else { panic!("{answer:?}") };
    (flags & FLAG_CACHED != 0, entry.version.body.text().to_owned())
}

fn every_read_after_an_acknowledged_write_sees_it(backend: Backend) {
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let (mut writer, mut reader) = (instance.connect(), instance.connect());
    let Response::Written(entry) = writer.call(&requests::add_knowledge(ScopeRef::GLOBAL, "n", "0")) else {
        panic!("not written")
    };
    let by_name = requests::get_by_name(EntryKind::Knowledge, ScopeRef::GLOBAL, "n");
    // Others ask for the same all the time, so that a slow one could put an old answer back.
    let stop = std::sync::atomic::AtomicBool::new(false);
    let cached = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut wire = instance.connect();
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    read(&mut wire, &by_name);
                }
            });
        }
        let _stop = StopOnDrop(&stop);
        let mut cached = 0;
        for n in 1..=500 {
            let answer = writer.call(&requests::update_knowledge(entry.id, n, &n.to_string()));
            assert!(matches!(answer, Response::Written(_)), "{answer:?}");
            for _ in 0..2 {
                let (from_cache, text) = read(&mut reader, &by_name);
                assert_eq!(text, n.to_string(), "an old answer after the write was acknowledged");
                cached += usize::from(from_cache);
            }
        }
        cached
    });
    assert!(cached > 0, "nothing came from the cache: the test tests nothing");
}

on_every_backend!(every_read_after_an_acknowledged_write_sees_it,);
