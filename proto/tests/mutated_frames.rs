//! Frames that were damaged or made with bad intent: decoding them never panics, never allocates
//! beyond the encoding's bound, and what decodes encodes to the same bytes again.

#![allow(unsafe_code, reason = "a counting allocator implements an unsafe trait")]

mod samples;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::Debug,
};

use agent_memory_proto::{
    ErrorBody, Event, Request, Response,
    codec::Message,
    frame::{FLAG_EXPLAINED, FLAG_MASKED, FrameHeader, FrameKind, HEADER_BYTES, append_frame},
    handshake::{HANDSHAKE_BYTES, Hello, MAGIC, Welcome},
    limits::FRAME_BYTES_DEFAULT,
    request::Envelope,
    response::{Degradation, Masking, PassedOn},
};
use proptest::{prelude::*, sample::Index, test_runner::Config};

/// What one decode may hold beside the bytes it was given: the encoding allocates at most 4 MiB for
/// a length before it has seen the elements, and lists nest at most three deep.
const HELD_BYTES_MAX: usize = 3 * (4 << 20) + (1 << 20);

/// How much the current thread holds, and held at most.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| {
            held.set(held.get().saturating_add(layout.size()));
            let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held.get())));
        });
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get().saturating_sub(layout.size())));
        // SAFETY: the caller upholds the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and returns what it returned and how much it held at its peak.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get() - before)
}

/// One change to the bytes of a frame.
#[derive(Clone, Debug)]
enum Mutation {
    Flip {
        at: Index,
        bit: u8,
    },
    Replace {
        at: Index,
        byte: u8,
    },
    Cut {
        at: Index,
    },
    Insert {
        at: Index,
        bytes: Vec<u8>,
    },
    /// A hostile length: eight bytes that announce far more than follows.
    Length {
        at: Index,
        length: u64,
    },
    /// A hostile variant number.
    Variant {
        at: Index,
        variant: u32,
    },
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        if length == 0 {
            return;
        }
        match self {
            Self::Flip { at, bit } => bytes[at.index(length)] ^= 1 << bit,
            Self::Replace { at, byte } => bytes[at.index(length)] = *byte,
            Self::Cut { at } => bytes.truncate(at.index(length)),
            Self::Insert { at, bytes: inserted } => {
                let at = at.index(length);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Length { at, length } => overwrite(bytes, *at, &length.to_le_bytes()),
            Self::Variant { at, variant } => overwrite(bytes, *at, &variant.to_le_bytes()),
        }
    }
}

fn overwrite(bytes: &mut [u8], at: Index, with: &[u8]) {
    let at = at.index(bytes.len());
    let end = (at + with.len()).min(bytes.len());
    bytes[at..end].copy_from_slice(&with[..end - at]);
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let lengths = prop_oneof![
        Just(u64::MAX),
        Just(u64::from(u32::MAX)),
        Just(1 << 40),
        Just(4 << 20),
        0_u64..1_000_000,
        any::<u64>()
    ];
    prop_oneof![
        (at(), 0_u8..8).prop_map(|(at, bit)| Mutation::Flip { at, bit }),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace { at, byte }),
        at().prop_map(|at| Mutation::Cut { at }),
        (at(), proptest::collection::vec(any::<u8>(), 1..24))
            .prop_map(|(at, bytes)| Mutation::Insert { at, bytes }),
        (at(), lengths).prop_map(|(at, length)| Mutation::Length { at, length }),
        (at(), prop_oneof![0_u32..64, any::<u32>()])
            .prop_map(|(at, variant)| Mutation::Variant { at, variant }),
    ]
}

/// A frame of every sample: requests behind an envelope, responses, events.
fn frames() -> Vec<Vec<u8>> {
    let envelope = samples::envelopes().pop().expect("a full envelope").1;
    let mut frames = Vec::new();
    for (_, request) in samples::requests() {
        frames.push(frame(FrameKind::Request, |out| {
            envelope.encode_into(out)?;
            request.encode_into(out)
        }));
    }
    for (_, response) in samples::responses() {
        frames.push(frame(FrameKind::Response, |out| response.encode_into(out)));
    }
    for ((_, degradation), (_, response)) in samples::degradations().into_iter().zip(samples::responses()) {
        let mut explained = frame(FrameKind::Response, |out| {
            degradation.encode_into(out)?;
            response.encode_into(out)
        });
        explained[5] |= FLAG_EXPLAINED;
        frames.push(explained);
    }
    for ((_, masking), (_, response)) in samples::maskings().into_iter().zip(samples::responses()) {
        let mut told = frame(FrameKind::Response, |out| {
            masking.encode_into(out)?;
            response.encode_into(out)
        });
        told[5] |= FLAG_MASKED;
        frames.push(told);
    }
    for (_, event) in samples::events() {
        frames.push(frame(FrameKind::Event, |out| event.encode_into(out)));
    }
    frames
}

/// Answers that are passed on as they came.
fn answers_passed_on() -> Vec<Vec<u8>> {
    let encoded = |(_, response): (String, Response)| response.encode().expect("a sample encodes");
    let all: Vec<_> = samples::responses().into_iter().map(encoded).collect();
    let passed_on: Vec<_> = all.into_iter().filter(|bytes| PassedOn::of(bytes).is_some()).collect();
    assert_eq!(passed_on.len(), 3, "one sample of each");
    passed_on
}

fn frame(
    kind: FrameKind,
    payload: impl FnOnce(&mut Vec<u8>) -> Result<(), agent_memory_proto::codec::CodecError>,
) -> Vec<u8> {
    let mut out = Vec::new();
    append_frame(&mut out, kind, 0, 7, payload).expect("a sample encodes");
    out
}

/// Reads a frame as the receiving side does, whatever is in it.
fn receive(bytes: &[u8]) {
    let Some((header, payload)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return };
    let Ok(header) = FrameHeader::parse(header, FRAME_BYTES_DEFAULT) else { return };
    assert!(header.payload_bytes <= FRAME_BYTES_DEFAULT);
    assert_eq!(FrameHeader::parse(&header.to_bytes(), FRAME_BYTES_DEFAULT), Ok(header));
    match header.kind {
        FrameKind::Request => {
            if let Ok((envelope, request)) = Envelope::decode_prefix(payload) {
                assert_encodes_to(&envelope, &payload[..payload.len() - request.len()]);
                decode_bounded::<Request>(request);
            }
        }
        FrameKind::Response if header.flags & FLAG_EXPLAINED != 0 => {
            if let Ok((degradation, response)) = Degradation::decode_prefix(payload) {
                assert_encodes_to(&degradation, &payload[..payload.len() - response.len()]);
                decode_response(response);
            }
        }
        FrameKind::Response if header.flags & FLAG_MASKED != 0 => {
            if let Ok((masking, response)) = Masking::decode_prefix(payload) {
                assert_encodes_to(&masking, &payload[..payload.len() - response.len()]);
                decode_response(response);
            }
        }
        FrameKind::Response => decode_response(payload),
        FrameKind::Event => decode_bounded::<Event>(payload),
        FrameKind::Cancel => {}
    }
}

fn decode_bounded<T: Message + Debug>(bytes: &[u8]) {
    let (result, held) = measured(|| T::decode(bytes));
    assert!(held <= HELD_BYTES_MAX, "{held} bytes held for {} bytes", bytes.len());
    if let Ok(message) = result {
        assert_encodes_to(&message, bytes);
    }
}

/// What is passed on without being decoded is exactly what decodes as one of these.
fn decode_response(bytes: &[u8]) {
    decode_bounded::<Response>(bytes);
    let (passed_on, held) = measured(|| PassedOn::of(bytes));
    assert!(held <= HELD_BYTES_MAX, "{held} bytes held for {} bytes", bytes.len());
    let expected = match Response::decode(bytes) {
        Ok(Response::Entries(_)) => Some(PassedOn::Entries),
        Ok(Response::SearchPage(_)) => Some(PassedOn::SearchPage),
        Ok(Response::Context(_)) => Some(PassedOn::Context),
        Ok(_) | Err(_) => None,
    };
    assert_eq!(passed_on, expected);
}

fn assert_encodes_to<T: Message + Debug>(message: &T, bytes: &[u8]) {
    let encoded = message.encode().expect("what was decoded encodes");
    assert_eq!(encoded, bytes, "{message:?}");
}

proptest! {
    #![proptest_config(Config { cases: 10_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_mutated_frame_is_refused_or_understood(
        pick in any::<Index>(),
        mutations in proptest::collection::vec(mutation(), 1..6),
    ) {
        thread_local!(static FRAMES: Vec<Vec<u8>> = frames());
        let mut bytes = FRAMES.with(|frames| frames[pick.index(frames.len())].clone());
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        receive(&bytes);
    }

    #[test]
    fn a_mutated_answer_is_passed_on_where_it_decodes(
        pick in any::<Index>(),
        mutations in proptest::collection::vec(mutation(), 0..3),
    ) {
        thread_local!(static ANSWERS: Vec<Vec<u8>> = answers_passed_on());
        let mut bytes = ANSWERS.with(|answers| answers[pick.index(answers.len())].clone());
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        decode_response(&bytes);
    }

    #[test]
    fn noise_is_no_message(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        decode_bounded::<Request>(&bytes);
        decode_response(&bytes);
        decode_bounded::<Event>(&bytes);
        decode_bounded::<Envelope>(&bytes);
        decode_bounded::<ErrorBody>(&bytes);
        receive(&bytes);
    }

    #[test]
    fn a_handshake_of_noise_is_refused_or_read(mut bytes in proptest::array::uniform32(any::<u8>())
        .prop_map(|part| { let mut all = [0_u8; HANDSHAKE_BYTES]; all[..32].copy_from_slice(&part); all })) {
        let _ = (Hello::parse(&bytes), Welcome::parse(&bytes));
        bytes[..4].copy_from_slice(&MAGIC);
        let _ = (Hello::parse(&bytes), Welcome::parse(&bytes));
    }
}

#[test]
fn a_list_of_four_billion_entries_is_refused_without_room_for_them() {
    // A bulk add: its variant, then the length of its list.
    let mut bytes = 13_u32.to_le_bytes().to_vec();
    bytes.extend(u64::from(u32::MAX).to_le_bytes());
    let (result, held) = measured(|| Request::decode(&bytes));
    assert!(result.is_err());
    assert!(held <= HELD_BYTES_MAX, "{held} bytes held");
}

#[test]
fn a_variant_is_four_bytes_and_an_unknown_one_is_refused() {
    for (name, bytes) in samples::small_values() {
        assert_eq!(bytes.len(), 4, "{name}");
    }
    let unknown = u32::MAX.to_le_bytes();
    assert!(Request::decode(&unknown).is_err());
    assert!(Response::decode(&unknown).is_err());
    assert!(Event::decode(&unknown).is_err());
}

#[test]
fn bytes_after_a_message_are_an_error() {
    for (name, request) in samples::requests() {
        let mut bytes = request.encode().expect("a sample encodes");
        bytes.push(0);
        assert!(Request::decode(&bytes).is_err(), "{name}");
    }
}
