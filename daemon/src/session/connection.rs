//! One connection after its handshake: frames in, answers and events out.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Request, Response,
    frame::{FLAG_CACHED, FrameError, FrameHeader, FrameKind},
    response::Degradation,
};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::broadcast,
};
use tracing::{info, warn};

use super::{
    admission::{self, Admitted},
    greeting::Peer,
    inbox::Inbox,
    outbox::Outbox,
    running::{Finished, Running},
    waiting::{Waited, Waiting},
};
use crate::{
    handlers::{self, Answer, Call, Reply},
    latencies::Timed,
    lifecycle::Phase,
    limiter::Allowance,
    permissions,
    secrets::scrubbed_error,
    services::Services,
    store::SecretsMode,
    transport::Stream,
};

/// A peer that takes none of its answers for so long is cut off.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// When to try again after `Busy` for too many requests on one connection.
const CROWDED_RETRY_AFTER_MS: u64 = 20;

/// The state of one connection.
pub(super) struct Connection<'a> {
    stream: &'a Stream,
    services: Arc<Services>,
    peer: Peer,
    inbox: Inbox,
    outbox: Outbox,
    waiting: Waiting,
    running: Running,
    events: Option<broadcast::Receiver<Arc<Event>>>,
    /// Who subscribed.
    subscriber: Option<Call>,
    draining: bool,
    /// The peer sent what cannot be followed: nothing more is read, what was accepted is answered.
    broken: bool,
}

enum Step {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Waited(Box<Waited>),
    Finished(Box<Finished>),
    Event(Result<Arc<Event>, broadcast::error::RecvError>),
    Phase(Phase),
    Stalled,
}

impl<'a> Connection<'a> {
    pub(super) fn new(stream: &'a Stream, services: Arc<Services>, peer: Peer) -> Self {
        let frame_bytes_max = services.config.frame_bytes_max;
        Self {
            stream,
            peer,
            inbox: Inbox::new(frame_bytes_max),
            outbox: Outbox::new(frame_bytes_max),
            waiting: Waiting::new(Arc::clone(&services)),
            running: Running::new(Arc::clone(&services)),
            services,
            events: None,
            subscriber: None,
            draining: false,
            broken: false,
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        let shutdown = self.services.shutdown.clone();
        let mut phase_change = Box::pin(shutdown.reached(Phase::Draining));
        loop {
            if self.draining && self.under_way() == 0 && self.outbox.is_empty() {
                return self.answer_the_rest().await;
            }
            if self.broken && self.under_way() == 0 && self.outbox.is_empty() {
                return Ok(());
            }
            let (mut reader, mut writer) = (self.stream, self.stream);
            let (sending, taking) = (!self.outbox.is_empty(), !self.outbox.is_full());
            let step = tokio::select! {
                biased;
                wrote = writer.write(self.outbox.unsent()), if sending => Step::Wrote(wrote),
                finished = self.running.next() => Step::Finished(Box::new(finished)),
                waited = self.waiting.next() => Step::Waited(Box::new(waited)),
                read = reader.read_buf(self.inbox.room()), if taking && !self.broken => Step::Read(read),
                event = next_event(&mut self.events), if taking => Step::Event(event),
                () = &mut phase_change => Step::Phase(shutdown.phase()),
                () = tokio::time::sleep(STALL_TIMEOUT), if !taking => Step::Stalled,
            };
            match step {
                Step::Wrote(wrote) => self.outbox.advance(nonzero(wrote)?),
                Step::Waited(waited) => {
                    self.go_on(*waited);
                    while let Some(waited) = self.waiting.next_ready() {
                        self.go_on(waited);
                    }
                }
                Step::Finished(finished) => {
                    self.finish(*finished);
                    while let Some(finished) = self.running.next_ready() {
                        self.finish(finished);
                    }
                }
                Step::Read(read) => {
                    if read? == 0 {
                        return Ok(()); // What is under way goes on in the store; nobody waits for it here.
                    }
                    self.take_frames();
                }
                Step::Event(event) => self.take_event(event).await,
                Step::Phase(Phase::Now) => return Ok(()),
                Step::Phase(_) => {
                    phase_change = Box::pin(shutdown.reached(Phase::Now));
                    self.begin_draining();
                }
                Step::Stalled => {
                    warn!(process = self.peer.process_id, "a peer that takes no answers was cut off");
                    return Ok(());
                }
            }
        }
    }

    fn take_frames(&mut self) {
        while !self.broken {
            match self.inbox.next_frame() {
                Ok(Some((header, payload))) => self.take_frame(header, &payload),
                Ok(None) => return,
                Err(error) => self.break_off(&error),
            }
        }
    }

    /// Tells the peer why nothing more is read from it.
    fn break_off(&mut self, error: &FrameError) {
        warn!(process = self.peer.process_id, %error, "refused a frame");
        self.broken = true;
        let refusal = match error {
            FrameError::TooLarge { limit_bytes, .. } => {
                ErrorBody::new(ErrorCode::LimitExceeded, error.to_string())
                    .with_field("frame")
                    .with_allowed(format!("at most {limit_bytes} bytes"))
                    .with_suggestion("Send less at once, or raise AGENT_MEMORY_MAX_FRAME_BYTES")
            }
            FrameError::UnknownKind(kind) => {
                ErrorBody::invalid("frame kind", kind, "1 (request) or 3 (cancel)").with_suggestion(
                    "Client and daemon are of different versions, or the client is at fault; update both",
                )
            }
        };
        self.refuse(self.inbox.refused_request_id(), refusal);
    }

    fn take_frame(&mut self, header: FrameHeader, payload: &Bytes) {
        let id = header.request_id;
        match header.kind {
            FrameKind::Request if self.under_way() >= self.services.config.in_flight_max => {
                let error = ErrorBody::new(
                    ErrorCode::Busy,
                    format!("{} requests are under way on this connection", self.under_way()),
                );
                self.refuse(id, error.with_retry_after_ms(CROWDED_RETRY_AFTER_MS));
            }
            FrameKind::Request => match admission::admit(&self.services, &self.peer, payload) {
                Ok(admitted) if admitted.allowance == Allowance::Asked || self.waiting.len() > 0 => {
                    self.waiting.push(id, admitted);
                }
                Ok(admitted) => self.begin(id, admitted),
                Err(error) => self.refuse(id, error),
            },
            FrameKind::Cancel => {
                self.waiting.cancel(id);
                self.running.cancel(id);
            }
            FrameKind::Response | FrameKind::Event => {
                let error =
                    ErrorBody::new(ErrorCode::InvalidParameter, "a client sends requests and cancels only");
                self.refuse(id, error.with_field("frame kind"));
            }
        }
    }

    /// Requests that were accepted and are not answered.
    fn under_way(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    fn go_on(&mut self, (request_id, allowed): Waited) {
        match allowed {
            Ok(admitted) => self.begin(request_id, admitted),
            Err(error) => self.refuse(request_id, error),
        }
    }

    /// Answers on the spot what needs no store, and starts the rest.
    fn begin(&mut self, request_id: u64, admitted: Admitted) {
        match &admitted.request {
            Request::Echo(echo) => match handlers::echo(echo) {
                Ok(response) => {
                    self.outbox.push(request_id, 0, &response);
                }
                Err(error) => self.refuse(request_id, error),
            },
            Request::Subscribe => {
                self.events.get_or_insert_with(|| self.services.changes.subscribe());
                self.subscriber = Some(admitted.call);
                self.outbox.push(request_id, 0, &Response::Done);
            }
            request if handlers::is_cacheable(request) => {
                let now = Instant::now();
                let rights = self.services.permissions.known(&self.services, admitted.call.asker());
                let key = rights.map(|rights| rights.keyed(&admitted.bytes));
                match key.and_then(|key| self.services.fresh_answer(&key, now)) {
                    Some(reply) => {
                        self.outbox.push_encoded(request_id, FLAG_CACHED, &reply.payload);
                        self.note_time(request.name(), Timed::Read, now, "cache hit");
                    }
                    None => self.running.start(request_id, admitted),
                }
            }
            _ => self.running.start(request_id, admitted),
        }
    }

    fn finish(&mut self, finished: Finished) {
        let Finished { request_id, name, key, started_at, timed, result, masking } = finished;
        match (result, masking) {
            (Ok(Answer { reply: Reply::Made(response), flags, .. }), Some(masking)) => {
                self.outbox.push_masked(request_id, flags, &masking, self.peer.protocol, &response);
                self.note_time(name, timed, started_at, "done");
            }
            (Ok(answer), _) => {
                let payload = match &answer.reply {
                    Reply::Made(response) => self.outbox.push(request_id, answer.flags, response),
                    Reply::PassedOn(payload) => self.outbox.pass_on(request_id, answer.flags, payload),
                };
                let mut outcome = "done";
                if let (Some(cacheable), Some(payload), Some(key)) = (answer.cacheable, payload, key) {
                    outcome = if answer.flags & FLAG_CACHED == 0 { "cache miss" } else { "shared cache hit" };
                    self.services.keep_answer(&key, payload, cacheable);
                }
                self.note_time(name, timed, started_at, outcome);
            }
            (Err(error), _) if self.answer_stale(request_id, key.as_deref(), &error) => {
                self.note_time(name, timed, started_at, "stale");
            }
            (Err(error), _) => {
                self.note_time(name, timed, started_at, error.code.name());
                self.refuse(request_id, error);
            }
        }
    }

    /// Answers from the cache what the store was asked in vain; false when there is no such answer.
    fn answer_stale(&mut self, request_id: u64, key: Option<&[u8]>, error: &ErrorBody) -> bool {
        if error.code != ErrorCode::Unavailable {
            return false;
        }
        let Some(reply) = key.and_then(|key| self.services.stale_answer(key)) else { return false };
        let degradation = Degradation {
            age_ms: u64::try_from(reply.read_at.elapsed().as_millis()).ok(),
            reason: "the database cannot be reached".to_owned(),
        };
        self.outbox.push_degraded(request_id, &degradation, self.peer.protocol, &reply.payload);
        true
    }

    fn refuse(&mut self, request_id: u64, error: ErrorBody) {
        if error.code != ErrorCode::RateLimited {
            self.services.counters.errors.fetch_add(1, Ordering::Relaxed);
        }
        // What was refused for another reason may repeat a secret that it was given.
        let error = match self.services.config.secrets {
            SecretsMode::Allow => error,
            SecretsMode::Mask | SecretsMode::Refuse => scrubbed_error(error),
        };
        self.outbox.push(request_id, 0, &Response::Error(error));
    }

    fn note_time(&self, request: &str, timed: Timed, started_at: Instant, outcome: &str) {
        let elapsed = started_at.elapsed();
        self.services.counters.latencies.record(timed, elapsed);
        if self.services.live.load().config.perf {
            let elapsed_us = elapsed.as_micros();
            info!(request, elapsed_us, outcome, "perf");
        }
    }

    async fn take_event(&mut self, event: Result<Arc<Event>, broadcast::error::RecvError>) {
        match event {
            Ok(event) if event.protocol() > self.peer.protocol => {}
            Ok(event) => {
                let Some(subscriber) = &self.subscriber else { return };
                if let Some(event) = permissions::hearable(subscriber, &event).await {
                    self.outbox.push_event(&event);
                }
            }
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                self.outbox.push_event(&Event::Lagged { missed })
            }
            Err(broadcast::error::RecvError::Closed) => self.events = None,
        }
    }

    fn begin_draining(&mut self) {
        self.draining = true;
        if self.events.is_some() {
            let retry_after_ms = admission::stopping(&self.services).retry_after_ms.unwrap_or_default();
            self.outbox.push_event(&Event::ShuttingDown { retry_after_ms });
        }
    }

    /// Before the connection closes: what the peer has sent meanwhile is refused, not ignored.
    async fn answer_the_rest(mut self) -> io::Result<()> {
        let mut reader = self.stream;
        loop {
            let read = tokio::select! {
                biased;
                read = reader.read_buf(self.inbox.room()) => read?,
                () = std::future::ready(()) => 0,
            };
            if read == 0 || self.broken {
                break;
            }
            self.take_frames();
        }
        let mut writer = self.stream;
        tokio::time::timeout(Duration::from_secs(1), writer.write_all(self.outbox.unsent())).await?
    }
}

fn nonzero(wrote: io::Result<usize>) -> io::Result<usize> {
    match wrote? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        bytes => Ok(bytes),
    }
}

async fn next_event(
    events: &mut Option<broadcast::Receiver<Arc<Event>>>,
) -> Result<Arc<Event>, broadcast::error::RecvError> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
