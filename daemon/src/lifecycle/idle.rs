//! The exit when nobody needs the daemon: without connections for a while.

use std::time::Duration;

use tokio::sync::watch;

use super::{Phase, Shutdown};

/// Asks for the end once `connections` has been zero for `idle_exit`.
pub async fn watch_idle(mut connections: watch::Receiver<usize>, idle_exit: Duration, shutdown: Shutdown) {
    loop {
        if connections.wait_for(|count| *count == 0).await.is_err() {
            return;
        }
        let busy = connections.wait_for(|count| *count > 0);
        if tokio::time::timeout(idle_exit, busy).await.is_err() {
            let minutes = idle_exit.as_secs_f64() / 60.0;
            shutdown.advance(Phase::Draining, &format!("no connection for {minutes:.1} minutes"));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_puts_the_exit_off() {
        let connections = watch::Sender::new(0);
        let shutdown = Shutdown::default();
        let watching =
            tokio::spawn(watch_idle(connections.subscribe(), Duration::from_secs(60), shutdown.clone()));
        tokio::time::advance(Duration::from_secs(59)).await;
        connections.send_replace(1);
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(shutdown.phase(), Phase::Running);
        connections.send_replace(0);
        watching.await.expect("it ends");
        assert_eq!(shutdown.phase(), Phase::Draining);
    }
}
