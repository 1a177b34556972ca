//! What was counted and timed.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Longest time that is told apart.
const NANOSECONDS_MAX: u64 = 120_000_000_000;
const DIGITS: u8 = 3;

/// Times, errors and answers from the cache of one kind of operation.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Times of the successful ones, in nanoseconds.
    pub(crate) times_ns: Histogram<u64>,
    /// How many failed.
    pub(crate) errors: u64,
    /// What the first failure said.
    pub(crate) first_error: Option<String>,
    /// How many answers came from the cache.
    pub(crate) cached: u64,
    /// Time from the first start to the last end, summed over the parts.
    pub(crate) elapsed: Duration,
}

impl Tally {
    pub(crate) fn new() -> Self {
        let times_ns = Histogram::new_with_bounds(1, NANOSECONDS_MAX, DIGITS).expect("the bounds are valid");
        Self { times_ns, errors: 0, first_error: None, cached: 0, elapsed: Duration::ZERO }
    }

    /// Notes one success.
    pub(crate) fn success(&mut self, time: Duration, cached: bool) {
        let time_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.times_ns.saturating_record(time_ns);
        self.cached += u64::from(cached);
    }

    /// Notes one failure.
    pub(crate) fn failure(&mut self, error: impl ToString) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| error.to_string());
    }

    /// Takes in what another one counted meanwhile.
    pub(crate) fn merge(&mut self, other: Self) {
        self.times_ns.add(&other.times_ns).expect("both have the same bounds");
        self.errors += other.errors;
        self.cached += other.cached;
        self.first_error = self.first_error.take().or(other.first_error);
        self.elapsed += other.elapsed;
    }

    /// Successes a second.
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
    pub(crate) fn ops_per_s(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.times_ns.len() as f64 / seconds } else { 0.0 }
    }

    /// A time below which so many of a hundred stayed, in microseconds.
    pub(crate) fn percentile_us(&self, percent: f64) -> f64 {
        microseconds(self.times_ns.value_at_quantile(percent / 100.0))
    }

    /// The longest time, in microseconds.
    pub(crate) fn max_us(&self) -> f64 {
        microseconds(self.times_ns.max())
    }
}

#[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
fn microseconds(ns: u64) -> f64 {
    (ns as f64 / 100.0).round() / 10.0
}

/// When the members of a crew began and ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

impl Span {
    /// From the first beginning to the last end.
    pub(crate) fn over(spans: &[Self]) -> Duration {
        let began = spans.iter().map(|span| span.began).min();
        let ended = spans.iter().map(|span| span.ended).max();
        ended.zip(began).map_or(Duration::ZERO, |(ended, began)| ended.duration_since(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_percentiles_are_those_of_all_parts() {
        let mut all = Tally::new();
        for part in 0..2 {
            let mut tally = Tally::new();
            for number in 1..=50 {
                tally.success(Duration::from_micros(part * 50 + number), false);
            }
            tally.elapsed = Duration::from_millis(50);
            all.merge(tally);
        }
        assert!((all.ops_per_s() - 1_000.0).abs() < 0.001);
        assert!((all.percentile_us(50.0) - 50.0).abs() < 0.2, "{}", all.percentile_us(50.0));
        assert!((all.max_us() - 100.0).abs() < 0.2, "{}", all.max_us());
    }

    #[test]
    fn the_first_failure_is_kept() {
        let mut tally = Tally::new();
        tally.failure("one");
        tally.failure("two");
        assert_eq!((tally.errors, tally.first_error.as_deref()), (2, Some("one")));
    }
}
