//! Work of the client library on a thread that has no runtime.

/// Does the work on a runtime of its own, on this thread alone.
///
/// # Panics
/// When there can be no runtime.
pub fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work)
}
