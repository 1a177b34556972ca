//! Messages of MCP over lines: rmcp's transport, written here because its own drops what is too
//! long or malformed without an answer. Takes the batches of 2025-03-26, and ends the session when
//! stdin ends or nobody reads stdout.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rmcp::{
    ErrorData, RoleServer,
    model::RequestId,
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::Mutex,
};
use tokio_util::sync::CancellationToken;

use super::{
    lines::{Line, Lines},
    memory,
};

/// Longest message that is taken, in bytes.
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// How long calls may still run after stdin ended.
const GRACE: Duration = Duration::from_millis(1_500);

type Incoming = RxJsonRpcMessage<RoleServer>;
type Outgoing = TxJsonRpcMessage<RoleServer>;

/// One client's messages.
#[derive(Debug)]
pub(super) struct LineTransport<R, W> {
    lines: Lines<R>,
    write: Arc<Mutex<Option<W>>>,
    received: VecDeque<Incoming>,
    /// A large message came, whose memory can go once it is answered.
    was_large: Arc<AtomicBool>,
    /// Ends the session.
    end: CancellationToken,
}

impl<R: AsyncRead + Unpin, W> LineTransport<R, W> {
    pub(super) fn new(read: R, write: W, end: CancellationToken) -> Self {
        let lines = Lines::new(read, MESSAGE_BYTES_MAX);
        let write = Arc::new(Mutex::new(Some(write)));
        Self { lines, write, received: VecDeque::new(), was_large: Arc::default(), end }
    }
}

impl<R, W> Transport<RoleServer> for LineTransport<R, W>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(&mut self, message: Outgoing) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (write, end) = (Arc::clone(&self.write), self.end.clone());
        let was_large = Arc::clone(&self.was_large);
        async move {
            let bytes = write_line(&write, message).await.inspect_err(|_| end.cancel())?;
            if was_large.swap(false, Ordering::Relaxed) || bytes > memory::LARGE_BYTES {
                memory::trim_heap();
            }
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<Incoming> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Some(message);
            }
            let Some(line) = self.lines.next().await else {
                let end = self.end.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(GRACE).await;
                    end.cancel();
                });
                return None;
            };
            if line.bytes() > memory::LARGE_BYTES {
                self.was_large.store(true, Ordering::Relaxed);
            }
            let mut rejected = Vec::new();
            read_line(&line, &mut self.received, &mut rejected);
            for message in rejected {
                // Not awaited: this future is polled in a select and may be dropped at any await.
                tokio::spawn(self.send(message));
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.write.lock().await.take();
        Ok(())
    }
}

/// Writes a message and returns its length.
async fn write_line<W: AsyncWrite + Unpin>(write: &Mutex<Option<W>>, message: Outgoing) -> io::Result<usize> {
    let mut bytes = serde_json::to_vec(&message)?;
    drop(message);
    bytes.push(b'\n');
    let mut write = write.lock().await;
    let write = write.as_mut().ok_or(io::ErrorKind::NotConnected)?;
    write.write_all(&bytes).await?;
    write.flush().await?;
    Ok(bytes.len())
}

/// Sorts a line into messages to work on and answers to what is no message.
fn read_line(line: &Line<'_>, received: &mut VecDeque<Incoming>, rejected: &mut Vec<Outgoing>) {
    let line = match line {
        Line::Whole(line) => line.trim_ascii(),
        Line::TooLong { head, tail } => {
            let message = format!("message longer than {MESSAGE_BYTES_MAX} bytes; send it in parts");
            rejected.push(rejection(id_at_edges(head, tail), message));
            return;
        }
    };
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    if line.is_empty() {
        return;
    }
    if line.first() != Some(&b'[') {
        return match serde_json::from_slice::<Incoming>(line) {
            Ok(message) => received.push_back(message),
            Err(_) => rejected.extend(reason(line)),
        };
    }
    match serde_json::from_slice::<Vec<Value>>(line) {
        Ok(batch) if batch.is_empty() => rejected.push(rejection(None, "empty batch".to_owned())),
        Ok(batch) => {
            for value in batch {
                let text = value.to_string();
                match serde_json::from_value::<Incoming>(value) {
                    Ok(message) => received.push_back(message),
                    Err(_) => rejected.extend(reason(text.as_bytes())),
                }
            }
        }
        Err(error) => tracing::warn!(%error, "a line that is not JSON was ignored"),
    }
}

/// The answer to what is no message; none to what names no request to answer.
fn reason(line: &[u8]) -> Option<Outgoing> {
    let value = match serde_json::from_slice::<Value>(line) {
        Ok(value) => value,
        Err(error) => {
            let Some(id) = id_at_edges(line, line) else {
                tracing::warn!(%error, "a line that is not JSON was ignored");
                return None;
            };
            let error = ErrorData::parse_error(format!("not JSON: {error}"), None);
            return Some(Outgoing::error(error, Some(id)));
        }
    };
    let id = value.get("id");
    if id.is_none() && value.get("method").is_some() {
        return None;
    }
    let id = id.and_then(|id| serde_json::from_value(id.clone()).ok());
    Some(rejection(id, "not a JSON-RPC 2.0 message".to_owned()))
}

fn rejection(id: Option<RequestId>, why: String) -> Outgoing {
    Outgoing::error(ErrorData::invalid_request(why, None), id)
}

/// The id of a message of which only the edges are known: it stands before the parameters or at
/// the very end.
fn id_at_edges(head: &[u8], tail: &[u8]) -> Option<RequestId> {
    id_at_head(&String::from_utf8_lossy(head)).or_else(|| id_at_tail(&String::from_utf8_lossy(tail)))
}

/// Goes over the fields of the message as long as they are whole.
fn id_at_head(head: &str) -> Option<RequestId> {
    let mut rest = head.trim_start().strip_prefix('{')?;
    loop {
        let (key, after) = value::<String>(rest)?;
        let after = after.trim_start().strip_prefix(':')?;
        if key == "id" {
            return value(after).map(|(id, _)| id);
        }
        rest = value::<IgnoredAny>(after)?.1.trim_start().strip_prefix(',')?;
    }
}

/// The last field. A quote inside a text is escaped, so this cannot be part of one.
fn id_at_tail(tail: &str) -> Option<RequestId> {
    let (before, after) = tail.rsplit_once("\"id\"")?;
    let is_a_field = before.trim_end().ends_with([',', '{']);
    let value = after.trim_start().strip_prefix(':')?.trim_end().strip_suffix('}')?;
    serde_json::from_str(value).ok().filter(|_| is_a_field)
}

/// The first value of a text, and what follows it.
fn value<T: DeserializeOwned>(text: &str) -> Option<(T, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, &text[values.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> (usize, Vec<String>) {
        let (mut received, mut rejected) = (VecDeque::new(), Vec::new());
        read_line(&Line::Whole(line), &mut received, &mut rejected);
        let rejected = rejected.iter().map(|message| serde_json::to_string(message).expect("serialises"));
        (received.len(), rejected.collect())
    }

    #[test]
    fn messages_and_batches_are_taken() {
        assert_eq!(read(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#), (1, vec![]));
        let batch = br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping"}]"#;
        assert_eq!(read(batch), (2, vec![]));
        assert_eq!(read(b"\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r"), (1, vec![]));
    }

    #[test]
    fn what_is_no_message_is_answered_under_its_id() {
        let (taken, answers) = read(br#"{"jsonrpc":"1.0","id":72,"method":"ping"}"#);
        assert_eq!((taken, answers.len()), (0, 1));
        assert!(answers[0].contains("\"id\":72"), "{answers:?}");
        let (_, answers) = read(br#"[{"jsonrpc":"2.0","id":9}]"#);
        assert!(answers[0].contains("\"id\":9"), "{answers:?}");
    }

    #[test]
    fn what_is_no_json_is_answered_where_its_id_can_be_read() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":5,"method":"x","params":{}{}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        for line in [deep.as_bytes(), br#"{"jsonrpc":"2.0","id":5,"method"#] {
            let (taken, answers) = read(line);
            assert_eq!((taken, answers.len()), (0, 1));
            assert!(answers[0].contains("\"id\":5") && answers[0].contains("-32700"), "{answers:?}");
        }
    }

    #[test]
    fn garbage_empty_lines_and_notifications_are_not_answered() {
        for line in [&b"not json"[..], b"", b"\r", b"\xff\xfe", br#"{"jsonrpc":"2.0","method":"$/x"}"#] {
            assert!(read(line).1.is_empty(), "{line:?}");
        }
    }

    #[test]
    fn the_id_of_an_oversized_message_is_found_at_either_edge() {
        let number = RequestId::Number(7);
        assert_eq!(id_at_edges(br#"{"jsonrpc":"2.0","id":7,"method":"tools/"#, b"xx"), Some(number.clone()));
        assert_eq!(
            id_at_edges(br#"{"method":"tools/call","par"#, br#"xxx"}},"jsonrpc":"2.0","id":7}"#),
            Some(number)
        );
        let spaced = br#" { "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"#;
        assert_eq!(id_at_edges(spaced, b"xx"), Some(RequestId::String("a".into())));
        assert_eq!(id_at_edges(br#"{"method":"x"#, br#"\",\"id\":7}"}}"#), None);
        assert_eq!(id_at_edges(br#"{"method":"x"#, br#"xx","arguments":{"id":7}}}"#), None);
    }
}
