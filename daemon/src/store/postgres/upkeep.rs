//! Keeps the pool at its size: the minimum is there before it is asked for, and stays; what nobody has
//! used for a while beyond it is closed.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::FutureExt;

use super::{connector::Connector, pool::Manager};

/// What the pool keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// Connections that stay open.
    pub(super) min: u32,
    /// When one beyond these is closed.
    pub(super) idle_timeout: Duration,
}

/// Looks after the pool for as long as `alive` is held.
pub(super) fn start(connections: bb8::Pool<Manager>, connector: Arc<Connector>, alive: &Arc<()>, kept: Kept) {
    let alive: Weak<()> = Arc::downgrade(alive);
    let every = (kept.idle_timeout / 2).clamp(Duration::from_millis(100), Duration::from_secs(10));
    tokio::spawn(async move {
        while alive.strong_count() > 0 {
            close_idle(&connections, kept);
            open_missing(&connections, &connector, kept.min).await;
            tokio::time::sleep(every).await;
        }
    });
}

/// Takes every idle connection for a moment, without waiting for any, and gives back those that stay.
fn close_idle(connections: &bb8::Pool<Manager>, kept: Kept) {
    let state = connections.state();
    let mut beyond = state.connections.saturating_sub(kept.min);
    let mut taken = Vec::new();
    for _ in 0..state.idle_connections {
        let Some(Ok(connection)) = connections.get().now_or_never() else { break };
        taken.push(connection);
    }
    // The one that was used last came first; it is given back last, to be the first again.
    while let Some(connection) = taken.pop() {
        if beyond > 0 && connection.idle_for() >= kept.idle_timeout {
            connection.retire();
            beyond -= 1;
        }
    }
}

/// A server that cannot be reached is told of by those who need it.
async fn open_missing(connections: &bb8::Pool<Manager>, connector: &Connector, min: u32) {
    while connections.state().connections < min {
        let Ok(connection) = connector.connect().await else { return };
        if connections.add(connection).is_err() {
            return;
        }
    }
}
