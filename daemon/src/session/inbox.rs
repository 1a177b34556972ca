//! Received bytes, cut into frames. A frame's size is checked before room is made for it.

use agent_memory_proto::frame::{FrameError, FrameHeader, HEADER_BYTES};
use bytes::{Bytes, BytesMut};

/// Room that is made for a read when there is little left.
const READ_BYTES: usize = 8 * 1_024;

/// The receive buffer.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: BytesMut,
    frame_bytes_max: u32,
}

impl Inbox {
    pub(super) fn new(frame_bytes_max: u32) -> Self {
        Self { buffer: BytesMut::new(), frame_bytes_max }
    }

    /// Where the next read goes.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 4 {
            self.buffer.reserve(READ_BYTES);
        }
        &mut self.buffer
    }

    /// The request id in the header of the frame that was refused, so that its sender can be told.
    pub(super) fn refused_request_id(&self) -> u64 {
        self.buffer
            .first_chunk::<HEADER_BYTES>()
            .and_then(|header| header.last_chunk::<8>())
            .map_or(0, |id| u64::from_le_bytes(*id))
    }

    /// The next whole frame, if it is here.
    pub(super) fn next_frame(&mut self) -> Result<Option<(FrameHeader, Bytes)>, FrameError> {
        let Some(first) = self.buffer.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let header = FrameHeader::parse(first, self.frame_bytes_max)?;
        let total = HEADER_BYTES + header.payload_bytes as usize;
        if self.buffer.len() < total {
            self.buffer.reserve(total - self.buffer.len());
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(total).freeze();
        Ok(Some((header, frame.split_off(HEADER_BYTES))))
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::frame::FrameKind;

    use super::*;

    fn header(payload_bytes: u32) -> [u8; HEADER_BYTES] {
        FrameHeader { payload_bytes, kind: FrameKind::Request, flags: 0, request_id: 7 }.to_bytes()
    }

    #[test]
    fn frames_come_whole_however_they_arrive() {
        let mut inbox = Inbox::new(100);
        let stream: Vec<u8> = [&header(3)[..], b"abc", &header(0)[..]].concat();
        let mut frames = Vec::new();
        for byte in stream {
            inbox.room().extend_from_slice(&[byte]);
            while let Some((header, payload)) = inbox.next_frame().expect("good frames") {
                frames.push((header.payload_bytes, payload));
            }
        }
        assert_eq!(frames, [(3, Bytes::from_static(b"abc")), (0, Bytes::new())]);
    }

    #[test]
    fn an_announced_giant_is_refused_before_room_is_made() {
        let mut inbox = Inbox::new(100);
        inbox.room().extend_from_slice(&header(101));
        assert!(inbox.next_frame().is_err());
        assert_eq!(inbox.refused_request_id(), 7);
        assert!(inbox.buffer.capacity() < 2 * READ_BYTES);
    }
}
