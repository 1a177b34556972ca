//! Fuzzes everything that is decoded from the socket. The first byte of the input chooses the type,
//! so that one run reaches all of them; the rest is what the peer sent. `scripts/fuzz` runs it.

#![no_main]

use agent_memory_proto::{
    ErrorBody, Event, Request, Response,
    codec::Message,
    frame::{FrameHeader, HEADER_BYTES},
    handshake::{HANDSHAKE_BYTES, Hello, Welcome},
    limits::FRAME_BYTES_DEFAULT,
    request::Envelope,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    match kind % 8 {
        0 => message::<Request>(bytes),
        1 => message::<Response>(bytes),
        2 => message::<Event>(bytes),
        3 => message::<Envelope>(bytes),
        4 => message::<ErrorBody>(bytes),
        5 => handshake(bytes),
        6 => frame(bytes),
        _ => request_frame(bytes),
    }
});

/// What decodes encodes to the same bytes.
fn message<T: Message>(bytes: &[u8]) {
    if let Ok(message) = T::decode(bytes) {
        assert!(message.encode().is_ok_and(|encoded| encoded == bytes));
    }
}

/// The payload of a request frame: an envelope, then the request.
fn request_frame(bytes: &[u8]) {
    if let Ok((envelope, rest)) = Envelope::decode_prefix(bytes) {
        assert!(envelope.encode().is_ok_and(|encoded| bytes.starts_with(&encoded)));
        message::<Request>(rest);
    }
}

fn frame(bytes: &[u8]) {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return };
    if let Ok(header) = FrameHeader::parse(header, FRAME_BYTES_DEFAULT) {
        assert!(header.payload_bytes <= FRAME_BYTES_DEFAULT);
        assert!(FrameHeader::parse(&header.to_bytes(), FRAME_BYTES_DEFAULT) == Ok(header));
    }
}

fn handshake(bytes: &[u8]) {
    let Some(block) = bytes.first_chunk::<HANDSHAKE_BYTES>() else { return };
    if let Ok(hello) = Hello::parse(block) {
        assert!(Hello::parse(&hello.to_bytes()) == Ok(hello));
    }
    if let Ok(welcome) = Welcome::parse(block) {
        assert!(Welcome::parse(&welcome.to_bytes()) == Ok(welcome));
    }
}
