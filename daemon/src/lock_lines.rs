//! Who waits for which file at this daemon: one line for each path, in the order of coming. Who is first
//! tries to get the lock, and the others wait for their turn. What a lock is, the store knows.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use agent_memory_proto::{ErrorBody, ErrorCode};
use tokio::sync::{MutexGuard, Notify};

use crate::supervisor::lock;

/// Callers that wait at once.
const WAITING_MAX: usize = 4_096;

/// The lines.
#[derive(Debug, Default)]
pub struct LockLines {
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

#[derive(Debug, Default)]
struct Line {
    /// Held by the first; the others queue for it, and get it in the order of coming.
    turn: tokio::sync::Mutex<()>,
    /// The first listens. What it misses while it tries is kept for it.
    freed: Notify,
    waiting: AtomicU32,
}

/// A place in the line of a path. It is left when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    lines: &'a LockLines,
    path: &'a str,
    line: Arc<Line>,
}

impl LockLines {
    /// Takes a place at the end of the line of a path.
    ///
    /// # Errors
    /// `Busy` when too many wait.
    pub(crate) fn enter<'a>(&'a self, path: &'a str) -> Result<Place<'a>, ErrorBody> {
        let mut lines = lock(&self.lines);
        let all: usize = lines
            .values()
            .map(|line| line.waiting.load(Ordering::Relaxed))
            .fold(0, |sum, n| sum + n as usize);
        if all >= WAITING_MAX {
            return Err(ErrorBody::new(ErrorCode::Busy, format!("{all} callers wait for files already"))
                .with_retry_after_ms(1_000)
                .with_suggestion("Not checked out; try again later, or without a time to wait"));
        }
        let line = Arc::clone(lines.entry(path.to_owned()).or_default());
        line.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(Place { lines: self, path, line })
    }

    /// How many wait for a file.
    pub(crate) fn waiting(&self, path: &str) -> u32 {
        lock(&self.lines).get(path).map_or(0, |line| line.waiting.load(Ordering::Relaxed))
    }

    /// The file may be free.
    pub(crate) fn freed(&self, path: &str) {
        if let Some(line) = lock(&self.lines).get(path) {
            line.freed.notify_one();
        }
    }

    /// Any file may be free.
    pub(crate) fn all_freed(&self) {
        lock(&self.lines).values().for_each(|line| line.freed.notify_one());
    }
}

impl Place<'_> {
    /// Waits to be the first, and is it until the guard is dropped.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.line.turn.lock().await
    }

    /// Waits until the file may be free. For the first only.
    pub(crate) async fn freed(&self) {
        self.line.freed.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = lock(&self.lines.lines);
        if self.line.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            lines.remove(self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_of_coming() {
        let lines = LockLines::default();
        let places: Vec<Place<'_>> = (0..3).map(|_| lines.enter("/a").expect("a place")).collect();
        let first = places[0].turn().await;
        let mut second = Box::pin(places[1].turn());
        let mut third = Box::pin(places[2].turn());
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(first);
        assert!(poll!(&mut third).is_pending(), "not before the second");
        let second = second.now_or_never().expect("the second's turn");
        drop(second);
        assert!(third.now_or_never().is_some());
        assert_eq!((lines.waiting("/a"), lines.waiting("/b")), (3, 0));
        drop(places);
        assert!(lock(&lines.lines).is_empty());
    }

    #[tokio::test]
    async fn what_was_freed_while_the_first_tried_is_not_missed() {
        let lines = LockLines::default();
        let place = lines.enter("/a").expect("a place");
        let _turn = place.turn().await;
        assert!(place.freed().now_or_never().is_none());
        lines.freed("/b");
        assert!(place.freed().now_or_never().is_none());
        lines.freed("/a");
        assert!(place.freed().now_or_never().is_some());
        lines.all_freed();
        assert!(place.freed().now_or_never().is_some());
    }

    #[test]
    fn the_lines_are_bounded() {
        let lines = LockLines::default();
        let places: Vec<_> = (0..WAITING_MAX).map(|_| lines.enter("/a").expect("a place")).collect();
        assert_eq!(lines.enter("/b").expect_err("full").code, ErrorCode::Busy);
        drop(places);
        assert!(lines.enter("/b").is_ok());
    }
}
