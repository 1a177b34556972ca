//! Answers and events on their way out, encoded, and flushed together.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Response,
    codec::Message,
    frame::{FLAG_CACHED, FLAG_DEGRADED, FLAG_EXPLAINED, FLAG_MASKED, FrameKind, HEADER_BYTES, append_frame},
    response::{Degradation, Masking},
};

/// Beyond so many unsent bytes nothing new is read from the peer.
const HIGH_WATER_BYTES: usize = 1_024 * 1_024;
/// A buffer that grew beyond this is given back once it is empty.
const KEEP_BYTES: usize = 64 * 1_024;

/// The send buffer.
#[derive(Debug)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    sent: usize,
    frame_bytes_max: u32,
}

impl Outbox {
    pub(super) fn new(frame_bytes_max: u32) -> Self {
        Self { buffer: Vec::new(), sent: 0, frame_bytes_max }
    }

    /// What is still to be sent.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.buffer[self.sent..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unsent().is_empty()
    }

    /// Whether the peer reads too slowly to be given more.
    pub(super) fn is_full(&self) -> bool {
        self.unsent().len() > HIGH_WATER_BYTES
    }

    /// Notes that so many bytes were sent.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.sent += bytes;
        if self.is_empty() {
            self.sent = 0;
            self.buffer.clear();
            if self.buffer.capacity() > KEEP_BYTES {
                self.buffer = Vec::new();
            }
        } else if self.sent > KEEP_BYTES {
            self.buffer.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Adds an answer that is encoded already.
    pub(super) fn push_encoded(&mut self, request_id: u64, flags: u8, payload: &[u8]) {
        let pushed: Result<(), std::convert::Infallible> =
            append_frame(&mut self.buffer, FrameKind::Response, flags, request_id, |out| {
                out.extend_from_slice(payload);
                Ok(())
            });
        match pushed {
            Ok(()) => {}
        }
    }

    /// Adds an answer that is encoded already and may be stale, with what is to be said about it.
    /// Peers that cannot be told, or not in one frame, only see the flag.
    pub(super) fn push_degraded(
        &mut self,
        request_id: u64,
        degradation: &Degradation,
        protocol: u16,
        payload: &[u8],
    ) {
        const FLAGS: u8 = FLAG_CACHED | FLAG_DEGRADED;
        let explanation = degradation.encode().unwrap_or_default();
        let fits = explanation.len() + payload.len() <= self.frame_bytes_max as usize;
        if protocol < Degradation::PROTOCOL || explanation.is_empty() || !fits {
            return self.push_encoded(request_id, FLAGS, payload);
        }
        self.push_encoded(request_id, FLAGS | FLAG_EXPLAINED, &[&explanation, payload].concat());
    }

    /// Adds the answer to a write of which something was masked, with what is to be said about that. Peers
    /// that cannot be told, or not in one frame, only get the answer.
    pub(super) fn push_masked(
        &mut self,
        request_id: u64,
        flags: u8,
        masking: &Masking,
        protocol: u16,
        response: &Response,
    ) {
        let told = (protocol >= Masking::PROTOCOL).then(|| [masking.encode(), response.encode()]);
        match told {
            Some([Ok(told), Ok(payload)]) if told.len() + payload.len() <= self.frame_bytes_max as usize => {
                self.push_encoded(request_id, flags | FLAG_MASKED, &[told, payload].concat());
            }
            _ => {
                self.push(request_id, flags, response);
            }
        }
    }

    /// Adds an answer, and returns its encoded payload. One that is too large becomes an error, of which
    /// nothing is returned.
    pub(super) fn push(&mut self, request_id: u64, flags: u8, response: &Response) -> Option<&[u8]> {
        let start = self.buffer.len();
        let encoded = append_frame(&mut self.buffer, FrameKind::Response, flags, request_id, |out| {
            response.encode_into(out).map_err(|error| error.to_string())
        });
        let payload_bytes = self.buffer.len().saturating_sub(start + HEADER_BYTES);
        let refusal = match encoded {
            Ok(()) => self.refusal_of(payload_bytes),
            Err(error) => {
                Some(ErrorBody::new(ErrorCode::Internal, format!("the answer cannot be encoded: {error}")))
            }
        };
        if let Some(refusal) = refusal {
            self.buffer.truncate(start);
            self.push(request_id, 0, &Response::Error(refusal));
            return None;
        }
        Some(&self.buffer[start + HEADER_BYTES..])
    }

    /// As [`Outbox::push`], for an answer that is encoded already and of any length.
    pub(super) fn pass_on<'a>(&mut self, request_id: u64, flags: u8, payload: &'a [u8]) -> Option<&'a [u8]> {
        if let Some(refusal) = self.refusal_of(payload.len()) {
            self.push(request_id, 0, &Response::Error(refusal));
            return None;
        }
        self.push_encoded(request_id, flags, payload);
        Some(payload)
    }

    /// What is answered instead of an answer that is too large.
    fn refusal_of(&self, payload_bytes: usize) -> Option<ErrorBody> {
        let limit = self.frame_bytes_max;
        (payload_bytes > limit as usize).then(|| {
            let message = format!("the answer has {payload_bytes} bytes; a frame has at most {limit}");
            ErrorBody::new(ErrorCode::LimitExceeded, message)
                .with_suggestion("Ask for fewer rows with limit, or raise AGENT_MEMORY_MAX_FRAME_BYTES")
        })
    }

    /// Adds an event.
    pub(super) fn push_event(&mut self, event: &Event) {
        if let Err(error) =
            append_frame(&mut self.buffer, FrameKind::Event, 0, 0, |out| event.encode_into(out))
        {
            tracing::error!(%error, "an event cannot be encoded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_large_becomes_an_error() {
        let mut outbox = Outbox::new(300);
        assert_eq!(outbox.push(1, 0, &Response::Echo(vec![0; 301])), None);
        let payload = &outbox.unsent()[HEADER_BYTES..];
        let Ok(Response::Error(error)) = Response::decode(payload) else { panic!("no error") };
        assert_eq!(error.code, ErrorCode::LimitExceeded);
        outbox.advance(outbox.unsent().len());
        assert_eq!(outbox.pass_on(2, 0, &[0; 301]), None);
        let payload = &outbox.unsent()[HEADER_BYTES..];
        assert!(matches!(Response::decode(payload), Ok(Response::Error(_))));
    }

    #[test]
    fn what_was_sent_is_not_sent_again() {
        let mut outbox = Outbox::new(1_000);
        outbox.push_encoded(1, 0, b"abc");
        let all = outbox.unsent().to_vec();
        outbox.advance(5);
        assert_eq!(outbox.unsent(), &all[5..]);
        outbox.advance(all.len() - 5);
        assert!(outbox.is_empty());
    }
}
