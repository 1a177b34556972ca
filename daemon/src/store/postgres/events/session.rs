//! One connection for events, from its making to its end: it is listened on, and looked after, so that
//! a server which fell silent is noticed within seconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};
use tokio_postgres::{AsyncMessage, Client};

use super::super::{PostgresStore, connector::Connector, error::chain, payload};
use crate::store::Follower;

/// How often the server is asked whether it is still there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A server that has not answered by then is not.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// Asks for what is told on the channels of the payloads and of freed files.
const LISTEN: &str = "LISTEN agent_memory; LISTEN agent_memory_freed";
const ENDED: &str = "the connection for events ended";
const POOLED: &str = "a pooler stands between; unless each client has a connection to the server of its own, it passes \
                      no notifications on; set AGENT_MEMORY_PG_EVENTS_URL to the address of the server itself";

/// Makes a connection and passes on what is told over it, until it ends. Returns why it did.
/// `restored` is called once changes are heard.
pub(super) async fn listen(
    store: &PostgresStore,
    connector: &Connector,
    follower: &Arc<dyn Follower>,
    restored: impl FnOnce(),
) -> String {
    let (alive, ended) = mpsc::channel(1);
    let abandoned = Abandoned::default();
    let line = Arc::new(Line {
        own: format!("{}\n", store.origin),
        follower: Arc::clone(follower),
        is_abandoned: Arc::clone(&abandoned.0),
        _alive: alive,
    });
    let client = match connector.open(move |message| line.take(&message)).await {
        Ok((client, true)) => client,
        Ok((_, false)) => return POOLED.to_owned(),
        Err(error) => return error.to_string(),
    };
    let listening = client.batch_execute(LISTEN);
    match timeout(ANSWER_TIMEOUT, listening).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return chain(&error),
        Err(_) => return silence(),
    }
    // The connection's task runs on this thread: nothing comes between this look and the next lines.
    if client.is_closed() {
        return ENDED.to_owned();
    }
    follower.restored();
    restored();
    look_after(&client, ended).await
}

/// Waits for the end of the connection.
async fn look_after(client: &Client, mut ended: mpsc::Receiver<()>) -> String {
    loop {
        tokio::select! {
            _ = ended.recv() => return ENDED.to_owned(),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match timeout(ANSWER_TIMEOUT, client.batch_execute("")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return chain(&error),
            Err(_) => return silence(),
        }
    }
}

fn silence() -> String {
    format!("the server has not answered on the connection for events for {} ms", ANSWER_TIMEOUT.as_millis())
}

/// What the connection's task holds: it is gone when the connection is.
struct Line {
    /// How the payloads of this daemon begin.
    own: String,
    follower: Arc<dyn Follower>,
    is_abandoned: Arc<AtomicBool>,
    _alive: mpsc::Sender<()>,
}

impl Line {
    fn take(&self, message: &AsyncMessage) {
        let AsyncMessage::Notification(told) = message else { return };
        if told.channel() == payload::FREED_CHANNEL {
            self.follower.freed(Some(told.payload()).filter(|path| !path.is_empty()));
            return;
        }
        if told.channel() != payload::CHANNEL || told.payload().starts_with(&self.own) {
            return;
        }
        match payload::read(told.payload()) {
            Some((_, changes)) => changes.iter().for_each(|change| self.follower.changed(change)),
            None => {
                self.follower.missed("another daemon told of its changes in words that are not known here")
            }
        }
    }
}

impl Drop for Line {
    /// The follower is told at once, before anybody gets round to making the next connection.
    fn drop(&mut self) {
        if !self.is_abandoned.load(Ordering::SeqCst) {
            self.follower.lost(ENDED);
        }
    }
}

/// From its end on, whatever becomes of the connection concerns nobody: there may be another.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
