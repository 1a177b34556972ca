//! What a caller says beside the request, and what comes back beside the response.

use std::time::Duration;

use agent_memory_proto::{
    Request, Response,
    codec::Message,
    frame,
    model::Id,
    response::{Degradation, Masking},
};

use crate::error::ClientError;

/// How a request is sent. The default asks for nothing special.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// How long to wait at most; the connection's default when not given.
    pub deadline: Option<Duration>,
    /// Key under which a write is applied once; made by the library when not given.
    pub idempotency_key: Option<Id>,
    /// Which agent asks; the connection's agent when not given.
    pub agent_id: Option<String>,
    /// Nobody said that name: it is left out where names are proved.
    pub agent_is_guessed: bool,
    /// In which session.
    pub session_id: Option<Id>,
}

impl CallOptions {
    /// The deadline of a request: as given, else `default`, and what the request may wait for others.
    pub(crate) fn deadline_of(&self, request: &Request, default: Duration) -> Duration {
        self.deadline.unwrap_or_else(|| default + Duration::from_millis(request.wait_ms()))
    }

    /// Waits at most this long.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Applies a write once under this key, however often it is sent.
    #[must_use]
    pub const fn with_key(mut self, key: Id) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Asks for this agent.
    #[must_use]
    pub fn with_agent(mut self, agent_id: Option<String>) -> Self {
        self.agent_id = agent_id;
        self
    }

    /// Asks in this session.
    #[must_use]
    pub const fn with_session(mut self, session_id: Option<Id>) -> Self {
        self.session_id = session_id;
        self
    }
}

/// A successful answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The answer; never [`Response::Error`].
    pub response: Response,
    /// Whether it came from the daemon's cache.
    pub cached: bool,
    /// Whether it repeats the answer to an earlier request with the same idempotency key.
    pub replayed: bool,
    /// Set when it may be stale because a service is away: since when, and why.
    pub degraded: Option<Degradation>,
    /// Set when secrets of what was written were masked: which, and where.
    pub masked: Option<Masking>,
}

/// A successful answer whose response is still encoded, for callers that pass it on or only count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedReply {
    payload: Vec<u8>,
    flags: u8,
    degraded: Option<Degradation>,
    masked: Option<Masking>,
}

/// How an encoded [`Response::Error`] begins: it is the first variant.
const ERROR_VARIANT: [u8; 4] = [0; 4];

impl EncodedReply {
    /// An answer as it came; one that is an error is decoded at once.
    pub(crate) fn new(payload: &[u8], flags: u8) -> Result<Self, ClientError> {
        let (degraded, payload) = degradation(payload, flags)?;
        let (masked, payload) = masking(payload, flags)?;
        if payload.starts_with(&ERROR_VARIANT)
            && let Response::Error(body) = decode(payload)?
        {
            return Err(body.into());
        }
        Ok(Self { payload: payload.to_vec(), flags, degraded, masked })
    }

    /// The encoded response.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether it came from the daemon's cache.
    #[must_use]
    pub const fn is_cached(&self) -> bool {
        self.flags & frame::FLAG_CACHED != 0
    }

    /// Decodes the response.
    ///
    /// # Errors
    /// [`ClientError::Protocol`] when it is no response.
    pub fn decode(&self) -> Result<Reply, ClientError> {
        Ok(Reply {
            response: decode(&self.payload)?,
            cached: self.is_cached(),
            replayed: self.flags & frame::FLAG_REPLAYED != 0,
            degraded: self.degraded.clone(),
            masked: self.masked.clone(),
        })
    }
}

/// What is said about an answer that may be stale, and the answer itself.
fn degradation(payload: &[u8], flags: u8) -> Result<(Option<Degradation>, &[u8]), ClientError> {
    if flags & frame::FLAG_EXPLAINED != 0 {
        let (degradation, response) =
            Degradation::decode_prefix(payload).map_err(|error| ClientError::Protocol(error.to_string()))?;
        return Ok((Some(degradation), response));
    }
    let is_degraded = flags & frame::FLAG_DEGRADED != 0;
    Ok((is_degraded.then(Degradation::unexplained), payload))
}

/// What is said about secrets that were masked, and the answer itself.
fn masking(payload: &[u8], flags: u8) -> Result<(Option<Masking>, &[u8]), ClientError> {
    if flags & frame::FLAG_MASKED == 0 {
        return Ok((None, payload));
    }
    let (masking, response) =
        Masking::decode_prefix(payload).map_err(|error| ClientError::Protocol(error.to_string()))?;
    Ok((Some(masking), response))
}

fn decode(payload: &[u8]) -> Result<Response, ClientError> {
    Response::decode(payload).map_err(|error| ClientError::Protocol(error.to_string()))
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::ErrorBody;

    use super::*;

    #[test]
    fn an_error_is_told_from_an_answer_without_decoding_it() {
        let error = Response::Error(ErrorBody::missing("name")).encode().expect("encodes");
        assert!(error.starts_with(&ERROR_VARIANT));
        assert!(matches!(EncodedReply::new(&error, 0), Err(ClientError::Refused(_))));
        let done = Response::Done.encode().expect("encodes");
        let reply = EncodedReply::new(&done, frame::FLAG_CACHED).expect("no error");
        assert_eq!((reply.payload(), reply.is_cached()), (done.as_slice(), true));
        assert_eq!(reply.decode().expect("decodes").response, Response::Done);
    }

    #[test]
    fn an_answer_that_may_be_stale_says_since_when_and_why() {
        let done = Response::Done.encode().expect("encodes");
        let flagged = EncodedReply::new(&done, frame::FLAG_DEGRADED).expect("no error");
        assert_eq!(flagged.decode().expect("decodes").degraded, Some(Degradation::unexplained()));
        let explanation = Degradation { age_ms: Some(0), reason: "it is away".to_owned() };
        let payload = [explanation.encode().expect("encodes"), done].concat();
        let flags = frame::FLAG_DEGRADED | frame::FLAG_EXPLAINED;
        let reply = EncodedReply::new(&payload, flags).and_then(|reply| reply.decode()).expect("decodes");
        assert_eq!((reply.response, reply.degraded), (Response::Done, Some(explanation)));
    }

    #[test]
    fn an_answer_says_what_was_masked() {
        let done = Response::Done.encode().expect("encodes");
        let (at, field, kind) = (None, "content".to_owned(), "jwt".to_owned());
        let fields = vec![agent_memory_proto::response::MaskedField { at, field, kind, count: 1 }];
        let masking = Masking { fields, total: 1 };
        let payload = [masking.encode().expect("encodes"), done].concat();
        let flags = frame::FLAG_MASKED | frame::FLAG_REPLAYED;
        let reply = EncodedReply::new(&payload, flags).and_then(|reply| reply.decode()).expect("decodes");
        assert_eq!((reply.response, reply.masked, reply.replayed), (Response::Done, Some(masking), true));
        assert!(matches!(EncodedReply::new(&[255; 3], flags), Err(ClientError::Protocol(_))));
    }

    #[test]
    fn what_is_no_response_is_a_protocol_error() {
        assert!(matches!(EncodedReply::new(&[0; 4], 0), Err(ClientError::Protocol(_))));
        let unknown = EncodedReply::new(&[255; 8], 0).expect("no error");
        assert!(matches!(unknown.decode(), Err(ClientError::Protocol(_))));
    }
}
