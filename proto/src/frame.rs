//! Frames: a fixed header of 16 bytes, then the payload. Little-endian throughout.
//!
//! ```text
//!  0        4      5       6      8               16
//!  | length | kind | flags | zero |  request id   | payload (length bytes) |
//!  |  u32   |  u8  |  u8   | u16  |     u64       |                        |
//! ```
//!
//! `length` counts the payload only and is checked against the largest frame before anything is
//! allocated. A request's id is chosen by the client and comes back with its answer; answers come
//! in any order. Events carry request id 0.

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 16;

/// Set on a response that came from the cache.
pub const FLAG_CACHED: u8 = 1;
/// Set on a response that is the repeated answer to an idempotency key seen before.
pub const FLAG_REPLAYED: u8 = 2;
/// Set on a response that may be stale because a service is away.
pub const FLAG_DEGRADED: u8 = 4;

/// Set, beside [`FLAG_DEGRADED`], on a response whose payload begins with a
/// [`Degradation`](crate::response::Degradation). Since protocol version 2.
pub const FLAG_EXPLAINED: u8 = 8;
/// Set on a response whose payload begins with a [`Masking`](crate::response::Masking); after the
/// explanation, if there is one. Since protocol version 4.
pub const FLAG_MASKED: u8 = 16;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// Client to daemon: an [`Envelope`](crate::request::Envelope), then a [`Request`](crate::Request).
    Request = 1,
    /// Daemon to client: a [`Response`](crate::Response).
    Response = 2,
    /// Client to daemon: cancels the request of that id; no payload. A write that was already
    /// handed to the writer is not undone; its answer still comes.
    Cancel = 3,
    /// Daemon to client: an [`Event`](crate::Event) for those who subscribed.
    Event = 4,
}

impl FrameKind {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Request),
            2 => Some(Self::Response),
            3 => Some(Self::Cancel),
            4 => Some(Self::Event),
            _ => None,
        }
    }
}

/// A decoded frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// What the payload is.
    pub kind: FrameKind,
    /// `FLAG_*` bits; unknown bits are ignored.
    pub flags: u8,
    /// Pairs an answer with its request; 0 for events.
    pub request_id: u64,
}

/// Why a header was refused. The connection cannot go on after any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The payload is larger than this side accepts.
    #[error("frame of {payload_bytes} bytes exceeds the limit of {limit_bytes} bytes")]
    TooLarge {
        /// Bytes announced.
        payload_bytes: u32,
        /// Bytes allowed.
        limit_bytes: u32,
    },
    /// The kind byte is unknown.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
}

impl FrameHeader {
    /// The 16 bytes of the header.
    #[must_use]
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[4] = self.kind as u8;
        bytes[5] = self.flags;
        bytes[8..].copy_from_slice(&self.request_id.to_le_bytes());
        bytes
    }

    /// Reads a header and checks it, before anything is allocated for its payload.
    ///
    /// # Errors
    /// [`FrameError`]; the stream cannot be followed any further.
    pub fn parse(bytes: &[u8; HEADER_BYTES], limit_bytes: u32) -> Result<Self, FrameError> {
        let [l0, l1, l2, l3, kind, flags, _, _, id @ ..] = *bytes;
        let payload_bytes = u32::from_le_bytes([l0, l1, l2, l3]);
        let kind = FrameKind::from_byte(kind).ok_or(FrameError::UnknownKind(kind))?;
        if payload_bytes > limit_bytes {
            return Err(FrameError::TooLarge { payload_bytes, limit_bytes });
        }
        Ok(Self { payload_bytes, kind, flags, request_id: u64::from_le_bytes(id) })
    }
}

/// Appends a whole frame to `out`: the header, then what `write_payload` appends.
///
/// # Errors
/// What `write_payload` returns; `out` is then cut back to its old length.
pub fn append_frame<E>(
    out: &mut Vec<u8>,
    kind: FrameKind,
    flags: u8,
    request_id: u64,
    write_payload: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.resize(start + HEADER_BYTES, 0);
    if let Err(error) = write_payload(out) {
        out.truncate(start);
        return Err(error);
    }
    let payload_bytes = u32::try_from(out.len() - start - HEADER_BYTES).unwrap_or(u32::MAX);
    let header = FrameHeader { payload_bytes, kind, flags, request_id };
    out[start..start + HEADER_BYTES].copy_from_slice(&header.to_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives_the_round_trip() {
        let header =
            FrameHeader { payload_bytes: 70_000, kind: FrameKind::Event, flags: 5, request_id: u64::MAX };
        assert_eq!(FrameHeader::parse(&header.to_bytes(), 70_000), Ok(header));
    }

    #[test]
    fn a_large_frame_is_refused_by_its_header() {
        let header = FrameHeader { payload_bytes: 11, kind: FrameKind::Request, flags: 0, request_id: 1 };
        let refused = FrameHeader::parse(&header.to_bytes(), 10);
        assert_eq!(refused, Err(FrameError::TooLarge { payload_bytes: 11, limit_bytes: 10 }));
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        let mut bytes = [0; HEADER_BYTES];
        bytes[4] = 9;
        assert_eq!(FrameHeader::parse(&bytes, 10), Err(FrameError::UnknownKind(9)));
    }
}
