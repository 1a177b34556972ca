//! When the next entry becomes or ceases to be valid: every answer that was judged by the time is good
//! until then at most, so it is asked for with each of them.

use std::{sync::Mutex, time::Duration};

use crate::supervisor::lock;

/// What was read last. It is good until anything changes, or the moment comes.
#[derive(Debug, Default)]
pub struct NextValidityChange(Mutex<Option<Known>>);

#[derive(Clone, Copy, Debug)]
struct Known {
    /// [`super::Generations::any_change`] before it was read.
    any_change: u64,
    read_at_ms: i64,
    at_ms: Option<i64>,
}

impl NextValidityChange {
    /// How long it is until then, if that is known; `MAX` for ever.
    #[must_use]
    pub fn wait(&self, any_change: u64, now_ms: i64) -> Option<Duration> {
        let known = (*lock(&self.0))?;
        let is_good = known.any_change == any_change
            && known.read_at_ms <= now_ms
            && known.at_ms.is_none_or(|at_ms| at_ms > now_ms);
        is_good.then(|| until(known.at_ms, now_ms))
    }

    /// Remembers what was read, and says how long it is until then.
    pub fn read(&self, any_change: u64, now_ms: i64, at_ms: Option<i64>) -> Duration {
        *lock(&self.0) = Some(Known { any_change, read_at_ms: now_ms, at_ms });
        until(at_ms, now_ms)
    }
}

fn until(at_ms: Option<i64>, now_ms: i64) -> Duration {
    let wait_ms = at_ms.map(|at_ms| u64::try_from(at_ms - now_ms).unwrap_or(0));
    wait_ms.map_or(Duration::MAX, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_until_something_changes_or_the_moment_comes() {
        let next = NextValidityChange::default();
        assert_eq!(next.wait(1, 100), None);
        assert_eq!(next.read(1, 100, Some(150)), Duration::from_millis(50));
        assert_eq!(next.wait(1, 120), Some(Duration::from_millis(30)));
        assert_eq!(next.wait(2, 120), None, "something changed");
        assert_eq!(next.wait(1, 150), None, "the moment has come");
        assert_eq!(next.wait(1, 99), None, "the clock went back: an earlier moment may lie between");
        assert_eq!(next.read(2, 100, None), Duration::MAX);
        assert_eq!(next.wait(2, 1_000_000), Some(Duration::MAX));
    }
}
