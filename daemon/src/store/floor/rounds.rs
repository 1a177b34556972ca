//! Rounds of a loop and the time they took.

use std::time::{Duration, Instant};

use agent_memory_proto::response::Floor;

use crate::store::StoreError;

/// A loop ends after this long, however many rounds were asked for.
pub(in crate::store) const TIME_MAX: Duration = Duration::from_secs(3);
/// Rounds that are run first and not counted: they fill the caches.
pub(in crate::store) const WARM_UP: u32 = 20;

/// Runs `round` again and again; each does `weight` rounds at once, and takes what it took for all
/// of them.
///
/// # Errors
/// What `round` returns.
pub(in crate::store) fn measure(
    rounds: u32,
    weight: u32,
    mut round: impl FnMut() -> Result<(), StoreError>,
) -> Result<Floor, StoreError> {
    for _ in 0..WARM_UP.min(rounds / weight.max(1)) {
        round()?;
    }
    let started = Instant::now();
    let mut times_ns = Vec::new();
    let mut done = 0;
    while done < rounds && started.elapsed() < TIME_MAX {
        let begun = Instant::now();
        round()?;
        times_ns.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        done += weight;
    }
    Ok(summary(times_ns, done, started.elapsed()))
}

/// What single rounds, which took so long each, come to.
pub(in crate::store) fn summary(mut times_ns: Vec<u64>, rounds: u32, elapsed: Duration) -> Floor {
    times_ns.sort_unstable();
    let at =
        |percent: usize| times_ns.get((times_ns.len() * percent / 100).min(times_ns.len().saturating_sub(1)));
    Floor {
        rounds,
        elapsed_us: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        p50_ns: at(50).copied().unwrap_or_default(),
        p99_ns: at(99).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_counted_by_their_weight() {
        let mut calls = 0;
        let floor = measure(100, 10, || {
            calls += 1;
            Ok(())
        });
        assert_eq!(floor.map(|floor| floor.rounds), Ok(100));
        assert_eq!(calls, 20);
    }

    #[test]
    fn an_error_ends_the_loop() {
        assert_eq!(measure(5, 1, || Err(StoreError::DeadlineExceeded)), Err(StoreError::DeadlineExceeded));
    }
}
