//! Sessions: one task per connection, on one session arbiter. It decodes many frames per wake-up,
//! answers cached reads on the spot, runs the others side by side, and flushes answers together.

mod admission;
mod connection;
mod greeting;
mod inbox;
mod outbox;
mod running;
mod waiting;

use std::sync::Arc;

use tracing::debug;

use crate::{services::Services, transport::Stream};

/// Serves one connection to its end.
pub(crate) async fn serve(stream: Stream, services: Arc<Services>) {
    let Some(peer) = greeting::greet(&stream, &services).await else { return };
    let _counted = peer.keeps_alive().then(|| Counted::new(&services));
    debug!(purpose = ?peer.purpose, process = peer.process_id, agent = peer.agent_id, "connected");
    let process = peer.process_id;
    match connection::Connection::new(&stream, services, peer).run().await {
        Ok(()) => debug!(process, "disconnected"),
        Err(error) => debug!(process, %error, "connection lost"),
    }
}

/// Counts a connection for as long as it lasts.
struct Counted(Arc<Services>);

impl Counted {
    fn new(services: &Arc<Services>) -> Self {
        services.counters.connections.send_modify(|count| *count += 1);
        Self(Arc::clone(services))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.counters.connections.send_modify(|count| *count -= 1);
    }
}
