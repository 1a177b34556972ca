//! The service manager: readiness, watchdog, stopping, and the socket that it may have opened.

use std::time::Duration;

use sd_notify::NotifyState;

/// What the environment says about a service manager.
#[derive(Clone, Copy, Debug)]
pub struct ServiceManager {
    /// Whether one started this process.
    pub is_there: bool,
    /// How often it wants to hear that all is well.
    pub watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Looks at the environment. systemd sets `NOTIFY_SOCKET` for `Type=notify` and `LISTEN_FDS`
    /// for an activated socket; launchd sets `XPC_SERVICE_NAME`.
    #[must_use]
    pub fn from_environment() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
        Self {
            is_there: set("NOTIFY_SOCKET") || set("LISTEN_FDS") || set("XPC_SERVICE_NAME"),
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// Says that requests are answered.
    pub fn ready(&self) {
        tell(&[NotifyState::Ready, NotifyState::Status("serving")]);
    }

    /// Says that the end has begun.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Says that all is well.
    pub fn alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot reach the service manager");
    }
}
