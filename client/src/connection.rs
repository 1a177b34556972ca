//! The task that owns one connection: it sends frames together, pairs answers with their callers,
//! and hands on events. Handles talk to it through a bounded queue.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, OnceLock},
};

use agent_memory_proto::{
    Event,
    codec::Message,
    frame::{self, FrameHeader, FrameKind, HEADER_BYTES},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{broadcast, mpsc, oneshot},
};

use crate::{
    call::EncodedReply,
    error::ClientError,
    transport::{ReadHalf, WriteHalf},
};

/// Commands that may wait for the task.
pub(crate) const COMMANDS_MAX: usize = 1_024;
/// Bytes that may wait to be written before further commands have to wait.
const OUTBOUND_BYTES_MAX: usize = 1 << 20;
/// Room that is made for each read.
const READ_BYTES: usize = 16 << 10;
/// Beyond this an empty buffer is given back.
const KEPT_BYTES_MAX: usize = 1 << 20;

pub(crate) type Answer = oneshot::Sender<Result<EncodedReply, ClientError>>;

/// What a handle asks of the task.
pub(crate) enum Command {
    /// Send this frame and answer when its response comes.
    Call { id: u64, frame: Vec<u8>, answer: Answer },
    /// Nobody waits for this one any more.
    Cancel { id: u64 },
}

/// Everything the task owns.
pub(crate) struct Connection {
    pub(crate) reader: ReadHalf,
    pub(crate) writer: WriteHalf,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) frame_bytes_max: u32,
    /// Set once, with how the connection ended.
    pub(crate) lost: Arc<OnceLock<String>>,
}

impl Connection {
    /// Serves until the other side ends the connection, the protocol is broken, or every handle is
    /// gone. Then nobody is left waiting: dropped answers tell their callers.
    pub(crate) async fn run(self) {
        let lost = Arc::clone(&self.lost);
        let reason = self.serve().await;
        tracing::debug!(%reason, "connection ended");
        // The first reason stands; there is only one task to set it.
        let _ = lost.set(reason);
    }

    async fn serve(mut self) -> String {
        let mut exchange = Exchange {
            pending: HashMap::new(),
            outbound: Vec::new(),
            events: self.events,
            frame_bytes_max: self.frame_bytes_max,
        };
        let mut inbound = Vec::with_capacity(READ_BYTES);
        let mut written = 0;
        let mut batch = Vec::new();
        loop {
            inbound.reserve(READ_BYTES);
            let may_take = exchange.outbound.len() < OUTBOUND_BYTES_MAX;
            tokio::select! {
                biased;
                taken = self.commands.recv_many(&mut batch, COMMANDS_MAX), if may_take => {
                    if taken == 0 {
                        // Every handle is gone. What was cancelled on the way out is still told.
                        let _ = self.writer.write_all(&exchange.outbound[written..]).await;
                        return "closed by this side".to_owned();
                    }
                    batch.drain(..).for_each(|command| exchange.take(command));
                }
                sent = self.writer.write(&exchange.outbound[written..]), if !exchange.outbound.is_empty() => {
                    match sent {
                        Ok(bytes) => written += bytes,
                        Err(error) => return describe(&error),
                    }
                    if written == exchange.outbound.len() {
                        written = 0;
                        exchange.outbound.clear();
                        exchange.outbound.shrink_to(KEPT_BYTES_MAX);
                    }
                }
                received = self.reader.read_buf(&mut inbound) => {
                    match received {
                        Ok(0) => return "the daemon closed it".to_owned(),
                        Ok(_) => {}
                        Err(error) => return describe(&error),
                    }
                    match exchange.receive(&inbound) {
                        Ok(consumed) => {
                            inbound.drain(..consumed);
                        }
                        Err(reason) => return reason,
                    }
                    if inbound.is_empty() {
                        inbound.shrink_to(KEPT_BYTES_MAX);
                    }
                }
            }
        }
    }
}

/// The state of the exchange, without its streams.
struct Exchange {
    pending: HashMap<u64, Answer>,
    outbound: Vec<u8>,
    events: broadcast::Sender<Event>,
    frame_bytes_max: u32,
}

impl Exchange {
    fn take(&mut self, command: Command) {
        match command {
            Command::Call { id, frame, answer } => {
                self.outbound.extend_from_slice(&frame);
                self.pending.insert(id, answer);
            }
            Command::Cancel { id } => {
                if self.pending.remove(&id).is_some() {
                    let header =
                        FrameHeader { payload_bytes: 0, kind: FrameKind::Cancel, flags: 0, request_id: id };
                    self.outbound.extend_from_slice(&header.to_bytes());
                }
            }
        }
    }

    /// Handles every whole frame and returns the bytes consumed.
    fn receive(&mut self, inbound: &[u8]) -> Result<usize, String> {
        let mut consumed = 0;
        while let Some(header) = inbound[consumed..].first_chunk::<HEADER_BYTES>() {
            let header =
                FrameHeader::parse(header, self.frame_bytes_max).map_err(|error| error.to_string())?;
            let start = consumed + HEADER_BYTES;
            let end = start + header.payload_bytes as usize;
            let Some(payload) = inbound.get(start..end) else { break };
            self.deliver(&header, payload);
            consumed = end;
        }
        Ok(consumed)
    }

    fn deliver(&mut self, header: &FrameHeader, payload: &[u8]) {
        match header.kind {
            FrameKind::Response => {
                // Without an entry the caller cancelled, or gave up at its deadline.
                let Some(answer) = self.pending.remove(&header.request_id) else { return };
                let _ = answer.send(EncodedReply::new(payload, header.flags));
            }
            FrameKind::Event => match Event::decode(payload) {
                // Without a subscriber there is nobody to tell.
                Ok(event) => drop(self.events.send(event)),
                Err(error) => tracing::warn!(%error, "an event of an unknown kind was passed over"),
            },
            FrameKind::Request | FrameKind::Cancel => {
                tracing::warn!(kind = ?header.kind, "the daemon sent a frame that only clients send");
            }
        }
    }
}

fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => "the daemon is gone".to_owned(),
        _ => error.to_string(),
    }
}

/// Appends a request's frame; its size is checked against what the daemon accepts.
pub(crate) fn request_frame(
    id: u64,
    limit_bytes: u32,
    envelope: &agent_memory_proto::request::Envelope,
    request: &agent_memory_proto::Request,
) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::with_capacity(256);
    frame::append_frame(&mut bytes, FrameKind::Request, 0, id, |out| {
        envelope.encode_into(out)?;
        request.encode_into(out)
    })
    .map_err(|error| ClientError::Protocol(error.to_string()))?;
    let payload_bytes = bytes.len() - HEADER_BYTES;
    if payload_bytes > limit_bytes as usize {
        use agent_memory_proto::{ErrorBody, ErrorCode};
        let body = ErrorBody::new(
            ErrorCode::LimitExceeded,
            format!("the request is {payload_bytes} bytes long; the daemon accepts {limit_bytes}"),
        )
        .with_value(payload_bytes)
        .with_allowed(format!("at most {limit_bytes} bytes"))
        .with_suggestion("Send less at once, or raise AGENT_MEMORY_MAX_FRAME_BYTES");
        return Err(body.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{ErrorBody, Request, Response, request::Envelope};

    use super::*;

    fn exchange() -> Exchange {
        let (events, _) = broadcast::channel(4);
        Exchange { pending: HashMap::new(), outbound: Vec::new(), events, frame_bytes_max: 1_000 }
    }

    fn response(id: u64, response: &Response) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::append_frame(&mut bytes, FrameKind::Response, frame::FLAG_CACHED, id, |out| {
            response.encode_into(out)
        })
        .expect("encodes");
        bytes
    }

    #[test]
    fn answers_in_any_order_find_their_callers() {
        let mut exchange = exchange();
        let (first, mut first_answer) = oneshot::channel();
        let (second, mut second_answer) = oneshot::channel();
        exchange.take(Command::Call { id: 1, frame: vec![1], answer: first });
        exchange.take(Command::Call { id: 2, frame: vec![2], answer: second });
        assert_eq!(exchange.outbound, [1, 2]);
        let mut inbound = response(2, &Response::Done);
        inbound.extend(response(1, &Response::Error(ErrorBody::missing("name"))));
        let half = inbound.len() - 1;
        let consumed = exchange.receive(&inbound[..half]).expect("parses");
        assert!(second_answer.try_recv().expect("answered").expect("succeeded").is_cached());
        exchange.receive(&inbound[consumed..]).expect("parses");
        let error = first_answer.try_recv().expect("answered").expect_err("refused");
        assert_eq!(error.refusal().and_then(|body| body.field.as_deref()), Some("name"));
    }

    #[test]
    fn a_cancelled_call_is_told_once_and_its_late_answer_dropped() {
        let mut exchange = exchange();
        let (answer, _kept) = oneshot::channel();
        exchange.take(Command::Call { id: 7, frame: Vec::new(), answer });
        exchange.take(Command::Cancel { id: 7 });
        exchange.take(Command::Cancel { id: 7 });
        assert_eq!(exchange.outbound.len(), HEADER_BYTES);
        let late = response(7, &Response::Done);
        assert_eq!(exchange.receive(&late), Ok(late.len()));
    }

    #[test]
    fn an_oversized_answer_ends_the_connection_and_an_oversized_request_is_refused_here() {
        let mut exchange = exchange();
        let large = response(1, &Response::Echo(vec![0; 2_000]));
        assert!(exchange.receive(&large).expect_err("refused").contains("exceeds the limit"));
        let error = request_frame(1, 3, &Envelope::default(), &Request::Health).expect_err("refused");
        assert_eq!(error.to_body().code, agent_memory_proto::ErrorCode::LimitExceeded);
    }
}
