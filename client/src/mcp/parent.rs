//! Ends the session when the parent dies without closing our stdin. On Linux the kernel tells;
//! elsewhere the end of stdin has to do.

use tokio_util::sync::CancellationToken;

/// Watches the parent from now on. To be called inside the runtime.
#[cfg(target_os = "linux")]
pub(super) fn watch(end: &CancellationToken) {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    use tokio::signal::unix::{SignalKind, signal};

    let parent = getppid();
    // The kernel also signals when only the parent's thread that started us ends, so the signal is
    // one that we catch, and the parent is looked at again.
    let Ok(mut deaths) = signal(SignalKind::user_defined2()) else { return };
    if set_parent_process_death_signal(Some(Signal::USR2)).is_err() {
        return;
    }
    let end = end.clone();
    tokio::spawn(async move {
        while getppid() == parent {
            if deaths.recv().await.is_none() {
                return;
            }
        }
        tracing::debug!("the parent died");
        end.cancel();
    });
}

/// The end of stdin has to do.
#[cfg(not(target_os = "linux"))]
pub(super) fn watch(_: &CancellationToken) {}
