//! Signals: the first SIGTERM or SIGINT is soft, the second is hard, SIGHUP reloads.

use std::io;

use super::{Phase, Shutdown};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Stop: softly the first time, at once the second.
    Stop(&'static str),
    /// Read the settings again.
    Reload,
}

/// Takes signals from now on; the rest waits for them until the end, and calls `on_reload` for SIGHUP.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn watch_signals(
    shutdown: Shutdown,
    mut on_reload: impl FnMut(),
) -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::install()?;
    Ok(async move {
        loop {
            match signals.next().await {
                Signal::Reload => on_reload(),
                Signal::Stop(name) if shutdown.phase() == Phase::Running => {
                    shutdown.advance(Phase::Draining, name);
                }
                Signal::Stop(name) => {
                    shutdown.advance(Phase::Now, name);
                    return;
                }
            }
        }
    })
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn install() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Signal::Stop("SIGINT"),
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Stop("Ctrl-C"),
            Err(_) => std::future::pending().await,
        }
    }
}
