//! The protocol spoken by hand over the socket, without the client library: for what a well-behaved
//! client would never do, and as a second reading of the protocol's description.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use agent_memory_proto::{
    ErrorBody, Event, Request, Response,
    codec::Message,
    frame::{FLAG_EXPLAINED, FLAG_MASKED, FrameHeader, FrameKind, HEADER_BYTES, append_frame},
    handshake::{self, FLAG_LIFT_RATE_LIMITS, HANDSHAKE_BYTES, Purpose, Status, Welcome},
    model::Id,
    request::Envelope,
    response::{Degradation, FullHealthReport, HealthReport, Masking},
};

const PATIENCE: Duration = Duration::from_secs(30);
const FRAME_BYTES_MAX: u32 = 64 << 20;

/// What a client says first.
#[derive(Clone, Debug)]
pub struct Hello(pub handshake::Hello);

impl Hello {
    /// The hello of this build.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self(handshake::Hello {
            protocol_min: handshake::PROTOCOL_MIN,
            protocol_max: handshake::PROTOCOL_MAX,
            purpose,
            flags: 0,
            process_id: std::process::id(),
            build: agent_memory_proto::BUILD.to_owned(),
            agent_id: "tester".to_owned(),
        })
    }

    /// The same for another agent.
    #[must_use]
    pub fn of_agent(mut self, agent_id: &str) -> Self {
        agent_id.clone_into(&mut self.0.agent_id);
        self
    }

    /// The same with other protocol versions.
    #[must_use]
    pub const fn speaking(mut self, oldest: u16, newest: u16) -> Self {
        self.0.protocol_min = oldest;
        self.0.protocol_max = newest;
        self
    }

    /// The same asking to lift the rate limits.
    #[must_use]
    pub const fn unlimited(mut self) -> Self {
        self.0.flags |= FLAG_LIFT_RATE_LIMITS;
        self
    }
}

/// A frame as it came.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its header.
    pub header: FrameHeader,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Wire {
    stream: UnixStream,
    welcome: Welcome,
    next_id: u64,
    answers: BTreeMap<u64, (u8, Response)>,
    events: VecDeque<Event>,
    degradation: Option<Degradation>,
    masking: Option<Masking>,
}

impl Wire {
    /// Connects and exchanges the blocks of the handshake, whatever the daemon answers.
    ///
    /// # Errors
    /// What the system says, and `InvalidData` for an answer that is no welcome.
    pub fn greet(socket: &Path, hello: &Hello) -> io::Result<(UnixStream, Welcome)> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&hello.0.to_bytes())?;
        let mut block = [0; HANDSHAKE_BYTES];
        stream.read_exact(&mut block)?;
        let welcome =
            Welcome::parse(&block).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok((stream, welcome))
    }

    /// How the daemon says that it and what it uses are.
    ///
    /// # Panics
    /// When it does not answer that.
    pub fn health(&mut self) -> HealthReport {
        self.full_health().report
    }

    /// As [`Wire::health`], with the figures that have no place in it.
    ///
    /// # Panics
    /// When it does not answer that.
    pub fn full_health(&mut self) -> FullHealthReport {
        match self.call(&Request::Health) {
            Response::FullHealthReport(full) => *full,
            other => panic!("no health: {other:?}"),
        }
    }

    /// Connects, and expects to be accepted.
    ///
    /// # Errors
    /// As [`Wire::greet`], and `ConnectionRefused` for any other status.
    pub fn open(socket: &Path, hello: &Hello) -> io::Result<Self> {
        let (stream, welcome) = Self::greet(socket, hello)?;
        if welcome.status != Status::Accepted {
            let status = format!("{:?}", welcome.status);
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, status));
        }
        Ok(Self {
            stream,
            welcome,
            next_id: 1,
            answers: BTreeMap::new(),
            events: VecDeque::new(),
            degradation: None,
            masking: None,
        })
    }

    /// What the daemon said in the handshake.
    #[must_use]
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// What was said last about an answer that may be stale.
    #[must_use]
    pub const fn degradation(&self) -> Option<&Degradation> {
        self.degradation.as_ref()
    }

    /// What was last said about secrets that were masked.
    #[must_use]
    pub const fn masking(&self) -> Option<&Masking> {
        self.masking.as_ref()
    }

    /// The bare stream.
    #[must_use]
    pub const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// What the system says.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends a request and returns its id.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Panics
    /// When the request cannot be encoded.
    pub fn send(&mut self, request: &Request, envelope: &Envelope) -> io::Result<u64> {
        let id = self.next_id;
        self.next_id += 1;
        self.send_bytes(&request_frame(id, request, envelope))?;
        Ok(id)
    }

    /// Sends a cancel for a request.
    ///
    /// # Errors
    /// What the system says.
    pub fn cancel(&mut self, request_id: u64) -> io::Result<()> {
        let header = FrameHeader { payload_bytes: 0, kind: FrameKind::Cancel, flags: 0, request_id };
        self.send_bytes(&header.to_bytes())
    }

    /// The next frame, of any kind.
    ///
    /// # Errors
    /// `UnexpectedEof` when the daemon closed the connection, else what the system says.
    pub fn receive(&mut self) -> io::Result<Frame> {
        let mut header = [0; HEADER_BYTES];
        self.stream.read_exact(&mut header)?;
        let header = FrameHeader::parse(&header, FRAME_BYTES_MAX)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut payload = vec![0; header.payload_bytes as usize];
        self.stream.read_exact(&mut payload)?;
        Ok(Frame { header, payload })
    }

    /// The answer to one request, with the flags of its frame. Others that come first are kept.
    ///
    /// # Errors
    /// As [`Wire::receive`].
    ///
    /// # Panics
    /// When the daemon sends what it must not.
    pub fn answer(&mut self, request_id: u64) -> io::Result<(u8, Response)> {
        loop {
            if let Some(answer) = self.answers.remove(&request_id) {
                return Ok(answer);
            }
            self.take_frame()?;
        }
    }

    /// The next event.
    ///
    /// # Errors
    /// As [`Wire::receive`].
    ///
    /// # Panics
    /// When the daemon sends what it must not.
    pub fn event(&mut self) -> io::Result<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            self.take_frame()?;
        }
    }

    fn take_frame(&mut self) -> io::Result<()> {
        let frame = self.receive()?;
        match frame.header.kind {
            FrameKind::Response => {
                let mut payload = frame.payload.as_slice();
                if frame.header.flags & FLAG_EXPLAINED != 0 {
                    let explained = Degradation::decode_prefix(payload).expect("an explanation decodes");
                    (self.degradation, payload) = (Some(explained.0), explained.1);
                }
                if frame.header.flags & FLAG_MASKED != 0 {
                    let masked = Masking::decode_prefix(payload).expect("what was masked decodes");
                    (self.masking, payload) = (Some(masked.0), masked.1);
                }
                let response = Response::decode(payload).expect("a response decodes");
                let answer = (frame.header.flags, response);
                let earlier = self.answers.insert(frame.header.request_id, answer);
                assert!(earlier.is_none(), "request {} was answered twice", frame.header.request_id);
            }
            FrameKind::Event => {
                self.events.push_back(Event::decode(&frame.payload).expect("an event decodes"));
            }
            other => panic!("the daemon sent a {other:?} frame"),
        }
        Ok(())
    }

    /// Sends a request under an envelope and waits for the answer.
    ///
    /// # Errors
    /// As [`Wire::receive`].
    pub fn exchange(&mut self, request: &Request, envelope: &Envelope) -> io::Result<(u8, Response)> {
        let id = self.send(request, envelope)?;
        self.answer(id)
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Panics
    /// When the connection ends first.
    pub fn call(&mut self, request: &Request) -> Response {
        let answered = self.exchange(request, &Envelope::default());
        answered.unwrap_or_else(|error| panic!("{}: {error}", request.name())).1
    }

    /// Sends a write under an idempotency key.
    ///
    /// # Errors
    /// As [`Wire::receive`].
    pub fn write(&mut self, request: &Request, key: Id) -> io::Result<(u8, Response)> {
        self.exchange(request, &Envelope { idempotency_key: Some(key), ..Envelope::default() })
    }

    /// Sends a request that must be refused, and returns the error.
    ///
    /// # Panics
    /// When it is not refused.
    pub fn refused(&mut self, request: &Request) -> ErrorBody {
        match self.call(request) {
            Response::Error(error) => error,
            other => panic!("{} was not refused: {other:?}", request.name()),
        }
    }

    /// Waits until the daemon has closed the connection; whatever comes before is dropped.
    ///
    /// # Panics
    /// When it does not close it.
    pub fn wait_closed(&mut self) {
        let mut bytes = [0; 4_096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the daemon did not close the connection: {error}"),
            }
        }
    }
}

/// A request's frame.
///
/// # Panics
/// When the request cannot be encoded.
#[must_use]
pub fn request_frame(id: u64, request: &Request, envelope: &Envelope) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_frame(&mut bytes, FrameKind::Request, 0, id, |out| {
        envelope.encode_into(out)?;
        request.encode_into(out)
    })
    .expect("a request encodes");
    bytes
}
