//! What health tells beside the verdict: how long requests took, and how often one stood in another's way.

use agent_memory_proto::{ErrorCode, Request, model::ScopeRef, response::FigureValue};
use agent_memory_tests::{Backend, Wire, on_every_backend, requests};

use crate::file_locks::{checkout, granted};

fn number(wire: &mut Wire, section: &str, name: &str) -> Option<u64> {
    match wire.full_health().figure(section, name) {
        Some(FigureValue::Number(number)) => Some(*number),
        _ => None,
    }
}

fn the_figures_grow_with_what_was_asked(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    assert_eq!(number(&mut wire, "writes", "recent"), Some(0));
    assert_eq!(number(&mut wire, "writes", "p99Us"), None, "of nothing there is no median");
    wire.call(&requests::add_knowledge(ScopeRef::GLOBAL, "one", "content"));
    let search = Request::Search(requests::search("content", Some(ScopeRef::GLOBAL)));
    wire.call(&search);
    wire.call(&search);
    assert_eq!(number(&mut wire, "writes", "recent"), Some(1));
    assert_eq!(number(&mut wire, "transactions", "writes"), Some(1));
    let repeated = (backend != Backend::Sqlite).then_some(0);
    assert_eq!(number(&mut wire, "transactions", "repeated"), repeated);
    assert!(number(&mut wire, "reads", "recent") >= Some(2), "the one that was cached counts, too");
    for section in ["reads", "writes"] {
        let figure = |wire: &mut Wire, name| number(wire, section, name).expect("something was asked");
        let (median, tail) = (figure(&mut wire, "p50Us"), figure(&mut wire, "p99Us"));
        assert!(0 < median && median <= tail, "{median} {tail}");
    }
    granted(&mut wire, checkout("/taken", "ada", 0));
    let refused = wire.refused(&Request::CheckoutFile(checkout("/taken", "eve", 0)));
    assert_eq!(refused.code, ErrorCode::FileLocked);
    assert_eq!(number(&mut wire, "fileLocks", "asked"), Some(2));
    assert_eq!(number(&mut wire, "fileLocks", "refused"), Some(1));
}

on_every_backend!(the_figures_grow_with_what_was_asked,);
