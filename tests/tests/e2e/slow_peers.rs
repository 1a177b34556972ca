//! A peer that does not read: it is held back, the daemon does not grow, and others are served.

use std::{io::ErrorKind, time::Duration};

use agent_memory_proto::{Request, Response, request::Echo, request::Envelope};
use agent_memory_tests::{Instance, request_frame};

const ANSWER_BYTES: u32 = 100_000;

#[test]
fn a_slow_reader_is_held_back_and_gets_everything_in_the_end() {
    let instance = Instance::new().without_rate_limits();
    let daemon = instance.start_daemon();
    let before = daemon.resident_bytes();
    let mut slow = instance.connect();
    slow.stream().set_write_timeout(Some(Duration::from_millis(300))).expect("sets");
    let echo = Request::Echo(Echo { payload: vec![0; 1_000], reply_bytes: ANSWER_BYTES });
    // Sends until the daemon takes no more: it stops reading from one that reads nothing.
    let mut sent = 0;
    let held_back = loop {
        match slow.send_bytes(&request_frame(sent, &echo, &Envelope::default())) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 100_000, "the daemon never held the peer back");
    };
    assert!(matches!(held_back.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{held_back}");
    let grown = daemon.resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes grown for a peer that reads nothing ({sent} requests sent)");
    let other = instance.connect().call(&echo);
    assert!(matches!(other, Response::Echo(_)), "others are served");
    // The last frame went out in part only, so the connection ends after what was complete.
    for id in 0..sent {
        let answer = slow.answer(id).expect("every complete request is answered").1;
        assert!(
            matches!(&answer, Response::Echo(bytes) if bytes.len() == ANSWER_BYTES as usize),
            "request {id}"
        );
    }
}
