//! Rate limits: refused with the time to wait, counted, and per agent.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, Response, handshake::Purpose, model::EntryKind, model::ScopeRef,
};
use agent_memory_tests::{Backend, Hello, Instance, Wire, on_every_backend, requests, until};

/// Sends many requests at once and returns the refusals.
fn burst(wire: &mut Wire, count: usize) -> Vec<ErrorBody> {
    let request = requests::list(EntryKind::Tool, ScopeRef::GLOBAL, 1, 0);
    let ids: Vec<u64> =
        (0..count).map(|_| wire.send(&request, &Default::default()).expect("sends")).collect();
    ids.into_iter()
        .filter_map(|id| match wire.answer(id).expect("every request is answered").1 {
            Response::Error(error) => Some(error),
            _ => None,
        })
        .collect()
}

fn a_burst_beyond_the_limit_is_refused_with_the_time_to_wait(backend: Backend) {
    let instance = backend.instance();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let refused = burst(&mut wire, 200);
    assert!(refused.len() >= 100, "only {} of 200 were refused", refused.len());
    for error in &refused {
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert!(error.retry_after_ms.is_some_and(|wait| wait > 0), "{error:?}");
    }
    let health = until("the agent may ask again", || match wire.call(&Request::Health) {
        Response::FullHealthReport(full) => Some(full.report.health),
        _ => None,
    });
    assert!(health.requests.rate_limit_hits >= refused.len() as u64);
    assert!(health.rate_limits.iter().any(|limit| limit.name == "burst" && limit.hits > 0));
}

#[test]
fn one_agents_burst_is_not_anothers() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    assert!(!burst(&mut instance.connect(), 200).is_empty());
    let other = Hello::new(Purpose::Library).of_agent("another");
    let mut other = Wire::open(&instance.socket(), &other).expect("accepted");
    assert!(burst(&mut other, 10).is_empty());
}

#[test]
fn limits_can_be_switched_off_and_lifted() {
    let off = Instance::new().without_rate_limits();
    let _daemon = off.start_daemon();
    assert!(burst(&mut off.connect(), 200).is_empty());
    let on = Instance::new();
    let _daemon = on.start_daemon();
    assert!(burst(&mut on.connect_unlimited(), 200).is_empty());
}

on_every_backend!(a_burst_beyond_the_limit_is_refused_with_the_time_to_wait,);
