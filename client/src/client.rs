//! One connection to the daemon, as a handle that can be cloned and shared.

use std::{
    borrow::Borrow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agent_memory_proto::{
    Event, Request, handshake::Welcome, limits::FRAME_BYTES_DEFAULT, request::Envelope,
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::timeout,
};

use crate::{
    call::{CallOptions, EncodedReply, Reply},
    connect::{self, ConnectOptions},
    connection::{COMMANDS_MAX, Command, Connection, request_frame},
    error::ClientError,
    keys::new_key,
    transport::{ReadHalf, WriteHalf},
};

/// Events that a slow subscriber may fall behind before it misses some.
const EVENTS_MAX: usize = 1_024;
/// How much longer than the deadline this side waits, so that the daemon's own refusal comes first.
const GRACE: Duration = Duration::from_millis(500);

/// A connection to the daemon. Clones share it; it ends with the last of them. Calls may be made
/// at once from many tasks and are answered in any order. Dropping a call's future cancels it.
#[derive(Clone, Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    welcome: Welcome,
    next_id: AtomicU64,
    default_deadline: Duration,
    events: broadcast::Sender<Event>,
    lost: Arc<OnceLock<String>>,
    /// The agent whose name was proved, if calls are to insist on it.
    agent: OnceLock<String>,
}

impl Client {
    /// Connects to the daemon; starts one when nobody answers, unless the options say otherwise,
    /// and asks an idle older one to make room. Needs a tokio runtime.
    ///
    /// # Errors
    /// Every variant of [`ClientError`] but those of single calls.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ClientError> {
        connect::connect(&options).await
    }

    pub(crate) fn spawn(
        reader: ReadHalf,
        writer: WriteHalf,
        welcome: Welcome,
        default_deadline: Duration,
    ) -> Self {
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let lost = Arc::new(OnceLock::new());
        let connection = Connection {
            reader,
            writer,
            commands: queue,
            events: events.clone(),
            frame_bytes_max: welcome.frame_bytes_max.max(FRAME_BYTES_DEFAULT),
            lost: Arc::clone(&lost),
        };
        tokio::spawn(connection.run());
        let (next_id, agent) = (AtomicU64::new(1), OnceLock::new());
        let shared = Shared { welcome, next_id, default_deadline, events, lost, agent };
        Self { commands, shared: Arc::new(shared) }
    }

    /// Calls that name no agent insist on this one, whose name was proved: they are refused once its token is
    /// not good any more, and not done in nobody's name.
    pub(crate) fn speaking_for(self, agent: &str) -> Self {
        self.shared.agent.get_or_init(|| agent.to_owned());
        self
    }

    /// What the daemon said in the handshake.
    #[must_use]
    pub fn welcome(&self) -> &Welcome {
        &self.shared.welcome
    }

    /// Whether the connection has ended; further calls fail with [`ClientError::ConnectionLost`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.commands.closed().await;
    }

    /// Sends a request and waits for its answer. A write without an idempotency key gets one.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the daemon's error; [`ClientError::ConnectionLost`];
    /// [`ClientError::DeadlineExceeded`]; [`ClientError::Protocol`].
    pub async fn call(
        &self,
        request: impl Borrow<Request>,
        options: CallOptions,
    ) -> Result<Reply, ClientError> {
        self.call_encoded(request, options).await?.decode()
    }

    /// As [`Client::call`], and leaves a successful answer encoded.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_encoded(
        &self,
        request: impl Borrow<Request>,
        options: CallOptions,
    ) -> Result<EncodedReply, ClientError> {
        let older = request.borrow().for_older(self.shared.welcome.protocol);
        let request = older.as_ref().unwrap_or(request.borrow());
        let deadline = options.deadline_of(request, self.shared.default_deadline);
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = self.frame(id, deadline, request, options)?;
        let (answer, answered) = oneshot::channel();
        let mut guard = CancelOnDrop { client: self, id, armed: true };
        let exchange = async {
            self.commands.send(Command::Call { id, frame, answer }).await.map_err(|_| self.lost())?;
            answered.await.map_err(|_| self.lost())?
        };
        let result = timeout(deadline.saturating_add(GRACE), exchange).await;
        guard.armed = result.is_err();
        result.unwrap_or(Err(ClientError::DeadlineExceeded { after: deadline }))
    }

    /// Subscribes this connection to events.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn subscribe(&self) -> Result<Events, ClientError> {
        let receiver = self.shared.events.subscribe();
        self.call(Request::Subscribe, CallOptions::default()).await?;
        Ok(Events { receiver, client: self.clone() })
    }

    fn frame(
        &self,
        id: u64,
        deadline: Duration,
        request: &Request,
        options: CallOptions,
    ) -> Result<Vec<u8>, ClientError> {
        let idempotency_key = options.idempotency_key.or_else(|| request.is_write().then(new_key));
        let is_left_out = options.agent_is_guessed && self.shared.welcome.proves_names();
        let agent_id = options.agent_id.filter(|_| !is_left_out).or_else(|| self.shared.agent.get().cloned());
        let envelope = Envelope {
            deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX).max(1),
            idempotency_key,
            agent_id,
            session_id: options.session_id,
        };
        request_frame(id, self.shared.welcome.frame_bytes_max, &envelope, request)
    }

    fn lost(&self) -> ClientError {
        let reason = self.shared.lost.get().map_or("its task ended", String::as_str);
        ClientError::ConnectionLost { reason: reason.to_owned() }
    }
}

/// Tells the daemon when a caller stops waiting.
struct CancelOnDrop<'a> {
    client: &'a Client,
    id: u64,
    armed: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            // A full queue loses the cancellation, and the answer is dropped when it comes.
            let _ = self.client.commands.try_send(Command::Cancel { id: self.id });
        }
    }
}

/// The events of one connection, in order.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
    client: Client,
}

impl Events {
    /// The next event; `None` when the connection has ended. One that fell behind gets
    /// [`Event::Lagged`] with the number it missed.
    pub async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            event = self.receiver.recv() => match event {
                Ok(event) => Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => Some(Event::Lagged { missed }),
                Err(broadcast::error::RecvError::Closed) => None,
            },
            () = self.client.closed() => self.receiver.try_recv().ok(),
        }
    }
}
