//! How long requests took, over the last minutes: for health, which tells medians and tails.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use agent_memory_proto::response::HealthSection;
use hdrhistogram::Histogram;

use crate::supervisor::lock;

/// How long one span of times is counted; what is told goes back one to two of them.
const SPAN: Duration = Duration::from_mins(1);
/// Longest time that is told apart from longer ones, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// What kind of request took its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
    /// It waited in line because it was told to: its time says nothing of the daemon.
    Waited,
}

/// Times of reads and of writes.
#[derive(Debug)]
pub struct Latencies {
    reads: Mutex<Spans>,
    writes: Mutex<Spans>,
}

/// The span that is counted now, and the one before it.
#[derive(Debug)]
struct Spans {
    now: Histogram<u32>,
    before: Histogram<u32>,
    began_at: Instant,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { reads: Mutex::new(Spans::new()), writes: Mutex::new(Spans::new()) }
    }
}

impl Latencies {
    /// Counts what took so long.
    pub fn record(&self, timed: Timed, elapsed: Duration) {
        let spans = match timed {
            Timed::Read => &self.reads,
            Timed::Write => &self.writes,
            Timed::Waited => return,
        };
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        lock(spans).now.saturating_record(elapsed_us.max(1));
    }

    /// Begins a new span when the last one is over.
    pub fn turn(&self, now: Instant) {
        for spans in [&self.reads, &self.writes] {
            lock(spans).turn(now);
        }
    }

    /// The times of the last one to two minutes, in microseconds.
    #[must_use]
    pub fn health(&self) -> [HealthSection; 2] {
        [("reads", &self.reads), ("writes", &self.writes)].map(|(name, spans)| lock(spans).health(name))
    }
}

impl Spans {
    fn new() -> Self {
        let empty = || Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are far apart");
        Self { now: empty(), before: empty(), began_at: Instant::now() }
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.began_at) >= SPAN {
            std::mem::swap(&mut self.now, &mut self.before);
            self.now.reset();
            self.began_at = now;
        }
    }

    fn health(&self, name: &str) -> HealthSection {
        let mut both = self.before.clone();
        both.add(&self.now).expect("their bounds are the same");
        let section = HealthSection::new(name).number("recent", both.len());
        if both.is_empty() {
            return section;
        }
        section
            .number("p50Us", both.value_at_quantile(0.5))
            .number("p99Us", both.value_at_quantile(0.99))
            .number("maxUs", both.max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(latencies: &Latencies, kind: usize) -> String {
        let [reads, writes] = latencies.health();
        let section = if kind == 0 { reads } else { writes };
        let told: Vec<String> =
            section.figures.iter().map(|figure| format!("{} {}", figure.name, figure.value)).collect();
        told.join(", ")
    }

    #[test]
    fn the_times_of_the_last_two_spans_are_told() {
        let latencies = Latencies::default();
        assert_eq!(told(&latencies, 0), "recent 0");
        for _ in 0..98 {
            latencies.record(Timed::Read, Duration::from_micros(100));
        }
        latencies.record(Timed::Read, Duration::from_micros(9_000));
        latencies.record(Timed::Read, Duration::from_micros(9_000));
        latencies.record(Timed::Waited, Duration::from_secs(30));
        let all = told(&latencies, 0);
        assert!(all.starts_with("recent 100, p50Us 100, p99Us 90"), "{all}");
        assert_eq!(told(&latencies, 1), "recent 0");
        let begun = Instant::now();
        latencies.turn(begun + SPAN);
        assert_eq!(told(&latencies, 0), all, "the span before counts, too");
        latencies.turn(begun + SPAN);
        assert_eq!(told(&latencies, 0), all, "the new span is not over");
        latencies.turn(begun + 2 * SPAN);
        assert_eq!(told(&latencies, 0), "recent 0");
    }

    #[test]
    fn times_beyond_the_longest_count_as_the_longest() {
        let latencies = Latencies::default();
        latencies.record(Timed::Write, Duration::from_secs(1_000_000));
        assert!(told(&latencies, 1).starts_with("recent 1, "), "{}", told(&latencies, 1));
    }
}
