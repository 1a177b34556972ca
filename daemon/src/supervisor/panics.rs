//! Causes of panics: logged once where they happen, and kept for the supervisor.

use std::{cell::RefCell, panic};

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Logs every panic with its place and thread instead of printing it, and remembers it for the
/// actor that it ends. Called once, by whoever starts the process.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("?"), place, "panic: {message}");
        LAST.with(|last| *last.borrow_mut() = Some(format!("{message} ({place})")));
    }));
}

/// The last panic of this thread, once.
pub(crate) fn take_last() -> Option<String> {
    LAST.with(|last| last.borrow_mut().take())
}
