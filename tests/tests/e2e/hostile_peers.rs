//! Peers that break the protocol: each is answered or cut off, and no other connection notices.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use agent_memory_proto::{
    ErrorCode, Request, Response,
    codec::Message,
    frame::{FrameHeader, FrameKind, append_frame},
    handshake::{HANDSHAKE_BYTES, Purpose, Status},
    model::ScopeRef,
    request::Envelope,
};
use agent_memory_tests::{Hello, Instance, Wire, request_frame, requests, until};

fn still_serves(instance: &Instance) {
    let answer = instance.connect_unlimited().call(&Request::Config);
    assert!(matches!(answer, Response::Config(_)), "{answer:?}");
}

fn read_to_end(mut stream: &UnixStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("sets");
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return bytes,
            Ok(count) => bytes.extend(&part[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return bytes,
            Err(error) => panic!("the daemon did not close the connection: {error}"),
        }
    }
}

#[test]
fn garbage_instead_of_a_handshake_is_cut_off() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let hello = Hello::new(Purpose::Library).0.to_bytes();
    let mut wrong_purpose = hello;
    wrong_purpose[4] = 77;
    let mut not_text = hello;
    not_text[48] = 0xff;
    let mut control = hello;
    control[48..52].copy_from_slice(b"a\x1b[m");
    let http = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(8);
    let blocks: [&[u8]; 6] =
        [&[0; HANDSHAKE_BYTES], &[0xff; 4_096], &http, &wrong_purpose, &not_text, &control];
    for block in blocks {
        let mut stream = UnixStream::connect(instance.socket()).expect("connects");
        // The daemon may close before all of it is written.
        let _ = stream.write_all(block);
        assert_eq!(read_to_end(&stream), b"", "the daemon talks to a stranger");
        still_serves(&instance);
    }
}

#[test]
fn a_silent_peer_is_cut_off_and_keeps_nobody_waiting() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let silent: Vec<UnixStream> =
        (0..20).map(|_| UnixStream::connect(instance.socket()).expect("connects")).collect();
    let mut half = UnixStream::connect(instance.socket()).expect("connects");
    half.write_all(&Hello::new(Purpose::Library).0.to_bytes()[..100]).expect("writes");
    still_serves(&instance);
    for stream in silent.iter().chain([&half]) {
        assert_eq!(read_to_end(stream), b"");
    }
}

#[test]
fn an_oversized_frame_is_refused_by_its_header() {
    let instance = Instance::new().with("MAX_FRAME_BYTES", 65_536);
    let daemon = instance.start_daemon();
    for payload_bytes in [65_537, 1 << 30, u32::MAX] {
        let mut wire = instance.connect();
        assert_eq!(wire.welcome().frame_bytes_max, 65_536);
        let header = FrameHeader { payload_bytes, kind: FrameKind::Request, flags: 0, request_id: 9 };
        wire.send_bytes(&header.to_bytes()).expect("sends");
        let Response::Error(error) = wire.answer(9).expect("an answer before the end").1 else {
            panic!("not refused")
        };
        assert_eq!(error.code, ErrorCode::LimitExceeded, "{error}");
        assert!(error.message.contains("65536"), "{error}");
        wire.wait_closed();
    }
    still_serves(&instance);
    assert!(daemon.resident_bytes() < 200 << 20, "{} bytes", daemon.resident_bytes());
}

#[test]
fn the_largest_frame_is_taken_and_one_byte_more_is_not() {
    let instance = Instance::new().with("MAX_FRAME_BYTES", 65_536);
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let echo = |payload| Request::Echo(agent_memory_proto::request::Echo { payload, reply_bytes: 0 });
    let overhead = request_frame(1, &echo(Vec::new()), &Envelope::default()).len()
        - agent_memory_proto::frame::HEADER_BYTES;
    assert_eq!(wire.call(&echo(vec![1; 65_536 - overhead])), Response::Echo(Vec::new()));
    let _ = wire.send(&echo(vec![1; 65_536 - overhead + 1]), &Envelope::default());
    wire.wait_closed();
}

#[test]
fn an_unknown_frame_kind_ends_that_connection_only() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut other = instance.connect();
    let mut wire = instance.connect();
    let mut header =
        FrameHeader { payload_bytes: 0, kind: FrameKind::Request, flags: 0, request_id: 1 }.to_bytes();
    header[4] = 200;
    wire.send_bytes(&header).expect("sends");
    wire.wait_closed();
    assert!(matches!(other.call(&Request::Config), Response::Config(_)));
}

#[test]
fn an_undecodable_request_is_answered_and_the_connection_goes_on() {
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let envelope = Envelope::default().encode().expect("encodes");
    let mut trailing = [envelope.clone(), Request::Health.encode().expect("encodes")].concat();
    trailing.push(0);
    let unknown_variant = [envelope.clone(), u32::MAX.to_le_bytes().to_vec()].concat();
    let hostile_length = [envelope.clone(), 13_u32.to_le_bytes().to_vec(), vec![0xff; 8]].concat();
    let payloads = [Vec::new(), envelope, trailing, unknown_variant, hostile_length, vec![0xff; 300]];
    for (id, payload) in (1_000..).zip(&payloads) {
        let mut frame = Vec::new();
        append_frame(&mut frame, FrameKind::Request, 0, id, |out| {
            out.extend(payload);
            Ok::<_, ()>(())
        })
        .expect("it fits");
        wire.send_bytes(&frame).expect("sends");
        let Response::Error(error) = wire.answer(id).expect("answered").1 else { panic!("not refused") };
        assert_eq!(error.code, ErrorCode::InvalidParameter, "{error}");
        assert!(error.suggestion.is_some(), "{error:?}");
    }
    assert!(matches!(wire.call(&Request::Config), Response::Config(_)));
}

#[test]
fn frames_that_only_a_daemon_sends_are_refused() {
    let instance = Instance::new();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    for (id, kind) in [(1_000, FrameKind::Response), (1_001, FrameKind::Event)] {
        wire.send_bytes(&FrameHeader { payload_bytes: 0, kind, flags: 0, request_id: id }.to_bytes())
            .expect("sends");
        assert!(matches!(wire.answer(id).expect("answered").1, Response::Error(_)));
    }
    assert!(matches!(wire.call(&Request::Config), Response::Config(_)));
}

#[test]
fn requests_in_pieces_and_in_heaps_are_all_answered() {
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let frames: Vec<u8> =
        (1_000..1_050).flat_map(|id| request_frame(id, &Request::Config, &Envelope::default())).collect();
    for piece in frames.chunks(7) {
        wire.send_bytes(piece).expect("sends");
    }
    for id in 1_000..1_050 {
        assert!(matches!(wire.answer(id).expect("answered").1, Response::Config(_)));
    }
}

#[test]
fn too_many_requests_at_once_on_one_connection_are_busy_not_lost() {
    let instance = Instance::new().with("MAX_IN_FLIGHT", 4).without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let count = 60;
    let mut frames = Vec::new();
    for id in 1..=count {
        let add = requests::add_knowledge(ScopeRef::GLOBAL, &format!("n{id}"), "t");
        frames.extend(request_frame(1_000 + id, &add, &Envelope::default()));
    }
    wire.send_bytes(&frames).expect("sends");
    let (mut written, mut busy) = (0, 0);
    for id in 1..=count {
        match wire.answer(1_000 + id).expect("answered").1 {
            Response::Written(_) => written += 1,
            Response::Error(error) => {
                assert_eq!(error.code, ErrorCode::Busy, "{error}");
                assert!(error.retry_after_ms.is_some_and(|wait| wait > 0), "{error:?}");
                busy += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(written + busy, count);
    assert!(written >= 4 && busy > 0, "{written} written, {busy} busy");
}

#[test]
fn one_connection_too_many_is_told_so_until_another_ends() {
    let instance = Instance::new().with("MAX_CONNECTIONS", 2);
    let _daemon = instance.start_daemon();
    let first = instance.connect();
    let _second = instance.connect();
    let hello = Hello::new(Purpose::Library);
    let (_, welcome) = Wire::greet(&instance.socket(), &hello).expect("it is answered");
    assert_eq!(welcome.status, Status::TooManyConnections);
    assert_eq!(welcome.other_connections, 2);
    assert!(instance.probe().is_some(), "a look at the daemon is always possible");
    drop(first);
    until("the place is free", || Wire::open(&instance.socket(), &hello).ok().map(|_| ()));
}

#[test]
fn a_cancelled_request_is_answered_once() {
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    for _ in 0..50 {
        let search = Request::Search(requests::search("anything at all", None));
        let id = wire.send(&search, &Envelope::default()).expect("sends");
        wire.cancel(id).expect("sends");
        match wire.answer(id).expect("answered").1 {
            Response::SearchPage(_) => {}
            Response::Error(error) => assert_eq!(error.code, ErrorCode::Cancelled, "{error}"),
            other => panic!("{other:?}"),
        }
    }
    wire.cancel(u64::MAX).expect("a cancel of nothing is nothing");
    assert!(matches!(wire.call(&Request::Config), Response::Config(_)));
}

#[test]
fn a_peer_that_leaves_in_the_middle_of_a_write_does_no_harm() {
    let instance = Instance::new().without_rate_limits();
    let _daemon = instance.start_daemon();
    for n in 0..50 {
        let mut wire = instance.connect();
        let add = requests::add_knowledge(ScopeRef::GLOBAL, &format!("n{n}"), "t");
        wire.send(&add, &Envelope::default()).expect("sends");
    }
    still_serves(&instance);
}
