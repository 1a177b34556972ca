//! The bytes of every message, as committed. A difference means that the wire's layout changed: old
//! clients and daemons would read nonsense. Append a variant instead; its bytes are added by running
//! this test with `GOLDEN_REWRITE=append` set. `GOLDEN_REWRITE=all` replaces old bytes too, which is
//! right only together with a new protocol version.

mod samples;

use std::{collections::BTreeMap, fmt::Debug, fmt::Write as _, path::PathBuf};

use agent_memory_proto::{
    codec::Message,
    frame::{FrameHeader, FrameKind},
    handshake::{Hello, Purpose, Status, Welcome},
};
use samples::named_variants;
use uuid::Uuid;

#[test]
fn requests_keep_their_bytes() {
    check_messages("requests", samples::requests());
}

#[test]
fn responses_keep_their_bytes() {
    check_messages("responses", samples::responses());
}

#[test]
fn events_keep_their_bytes() {
    check_messages("events", samples::events());
}

#[test]
fn degradations_keep_their_bytes() {
    check_messages("degradations", samples::degradations());
}

#[test]
fn maskings_keep_their_bytes() {
    check_messages("maskings", samples::maskings());
}

#[test]
fn envelopes_keep_their_bytes() {
    check_messages("envelopes", samples::envelopes());
}

#[test]
fn small_values_keep_their_bytes() {
    check("values", samples::small_values());
}

#[test]
fn handshakes_keep_their_bytes() {
    let hello = |purpose| Hello {
        protocol_min: 1,
        protocol_max: 2,
        purpose,
        flags: 1,
        process_id: 4_242,
        build: "0.1.0".to_owned(),
        agent_id: "claude".to_owned(),
    };
    let purposes =
        [Purpose::Library, Purpose::CommandLine, Purpose::Bridge, Purpose::Benchmark, Purpose::Probe];
    let purposes = named_variants!(purposes, {
        Purpose::Library => "hello.library",
        Purpose::CommandLine => "hello.command_line",
        Purpose::Bridge => "hello.bridge",
        Purpose::Benchmark => "hello.benchmark",
        Purpose::Probe => "hello.probe",
    });
    let welcome = |status| Welcome {
        status,
        flags: 1,
        protocol_min: 1,
        protocol_max: 2,
        protocol: 1,
        process_id: 77,
        build: "0.1.0".to_owned(),
        daemon_id: Uuid::from_u128(5),
        frame_bytes_max: 1 << 24,
        other_connections: 3,
    };
    let statuses = [Status::Accepted, Status::VersionMismatch, Status::Stopping, Status::TooManyConnections];
    let statuses = named_variants!(statuses, {
        Status::Accepted => "welcome.accepted",
        Status::VersionMismatch => "welcome.version_mismatch",
        Status::Stopping => "welcome.stopping",
        Status::TooManyConnections => "welcome.too_many_connections",
    });
    let hellos = purposes.into_iter().map(|(name, purpose)| (name, hello(purpose)));
    let welcomes = statuses.into_iter().map(|(name, status)| (name, welcome(status)));
    let mut all = Vec::new();
    for (name, hello) in hellos {
        assert_eq!(Hello::parse(&hello.to_bytes()).as_ref(), Ok(&hello));
        all.push((name, hello.to_bytes().to_vec()));
    }
    for (name, welcome) in welcomes {
        assert_eq!(Welcome::parse(&welcome.to_bytes()).as_ref(), Ok(&welcome));
        all.push((name, welcome.to_bytes().to_vec()));
    }
    check("handshakes", all);
}

#[test]
fn frame_headers_keep_their_bytes() {
    let kinds = [FrameKind::Request, FrameKind::Response, FrameKind::Cancel, FrameKind::Event];
    let kinds = named_variants!(kinds, {
        FrameKind::Request => "request",
        FrameKind::Response => "response",
        FrameKind::Cancel => "cancel",
        FrameKind::Event => "event",
    });
    let header =
        |kind| FrameHeader { payload_bytes: 0x0102_0304, kind, flags: 3, request_id: 0x1112_1314_1516_1718 };
    check(
        "frame_headers",
        kinds.into_iter().map(|(n, kind)| (n, header(kind).to_bytes().to_vec())).collect(),
    );
}

fn check_messages<T: Message + PartialEq + Debug>(file: &str, samples: Vec<(String, T)>) {
    let bytes = samples.into_iter().map(|(name, sample)| {
        let bytes = sample.encode().expect("a sample encodes");
        assert_eq!(T::decode(&bytes).as_ref(), Ok(&sample), "{file} {name} does not survive the round trip");
        (name, bytes)
    });
    check(file, bytes.collect());
}

/// Compares with the committed file: one line for each name, the name and its bytes in hexadecimal.
fn check(file: &str, actual: Vec<(String, Vec<u8>)>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{file}.hex"));
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let committed: BTreeMap<&str, &str> =
        committed.lines().filter_map(|line| line.split_once(char::is_whitespace)).collect();
    let rewrite = std::env::var("GOLDEN_REWRITE").unwrap_or_default();
    let mut out = String::new();
    for (name, bytes) in &actual {
        let bytes = hexadecimal(bytes);
        let expected = committed.get(name.as_str()).copied();
        match (expected, rewrite.as_str()) {
            (_, "all") | (None, "append") => {}
            (None, _) => panic!("{file}.hex has no line {name}; see the head of this file"),
            (Some(expected), _) => assert_eq!(bytes, expected, "{file}: the layout of {name} changed"),
        }
        writeln!(out, "{name} {bytes}").expect("writing to a string");
    }
    let gone: Vec<_> = committed.keys().filter(|old| !actual.iter().any(|(name, _)| name == *old)).collect();
    assert!(gone.is_empty() || rewrite == "all", "{file}: {gone:?} left the wire");
    if !rewrite.is_empty() {
        std::fs::write(&path, out).expect("the golden file is writable");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string");
        out
    })
}
