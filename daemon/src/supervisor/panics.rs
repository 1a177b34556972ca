//! Causes of panics: logged once where they happen, and kept for the supervisor.

use std::{cell::RefCell, panic};

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Logs every panic with its place and thread instead of printing it, and remembers it for the
/// actor that it ends. Called once, by whoever starts the process.
pub fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        let cause = describe(info);
        let thread = std::thread::current();
        tracing::error!(thread = thread.name().unwrap_or("?"), "panic: {cause}");
        remember(cause);
    }));
}

/// Remembers panics as [`install_panic_hook`] does, and leaves their printing to the test runner.
#[cfg(test)]
pub(crate) fn remember_panics_for_test() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let printing = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            remember(describe(info));
            printing(info);
        }));
    });
}

fn describe(info: &panic::PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    format!("{message} ({place})")
}

fn remember(cause: String) {
    LAST.with(|last| *last.borrow_mut() = Some(cause));
}

/// The last panic of this thread, once.
pub(crate) fn take_last() -> Option<String> {
    LAST.with(|last| last.borrow_mut().take())
}
