//! What agents did to a store that many daemons share, as they saw it themselves, and whether a store
//! that keeps its promises could have answered so. All moments are of one clock, of the test's process.

mod locks;
mod registers;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

pub use locks::Held;

/// Something that an agent did.
#[derive(Clone, Debug)]
pub enum Did {
    /// It added an entry of this title, which no other one has.
    Add {
        /// The entry's title.
        title: String,
        /// What it was told.
        outcome: Outcome,
    },
    /// It changed a register that only it changes.
    Update {
        /// Which one.
        register: usize,
        /// When it knew.
        told: Instant,
        /// The version that it made, if it was told that it was made.
        version: Option<u32>,
    },
    /// It read a register.
    Read {
        /// Which one.
        register: usize,
        /// When it asked.
        asked: Instant,
        /// The version that it was answered.
        version: u32,
        /// What it was answered.
        content: String,
    },
    /// It had a file to itself.
    Hold(Held),
}

/// What an agent was told of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Acknowledged,
    /// Nothing was stored.
    Denied,
    /// Nobody knows.
    Unknown,
}

/// What is in the store when all is over, read through one of the daemons.
#[derive(Clone, Debug, Default)]
pub struct End {
    /// The titles of the entries that were added.
    pub titles: Vec<String>,
    /// The versions of the registers.
    pub versions: Vec<u32>,
}

/// What the checker found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What must not be, in words.
    pub violations: Vec<String>,
    /// Operations of each kind that count as evidence.
    pub counts: BTreeMap<&'static str, usize>,
    /// The longest time for which a version was still answered after a newer one was acknowledged.
    pub oldest: Duration,
}

impl Report {
    fn violation(&mut self, text: String) {
        self.violations.push(text);
    }

    fn count(&mut self, kind: &'static str, number: usize) {
        *self.counts.entry(kind).or_default() += number;
    }
}

/// For people: what was looked at, and what is wrong.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, number) in &self.counts {
            write!(f, "{number} {kind}, ")?;
        }
        write!(f, "oldest answer {:?}, {} violations", self.oldest, self.violations.len())?;
        self.violations.iter().try_for_each(|text| write!(f, "\n  {text}"))
    }
}

/// Checks a history. An answer may be as old as `lag`: a newer version that was acknowledged before
/// that must be seen.
#[must_use]
pub fn check(history: &[Did], ends: &[End], lag: Duration) -> Report {
    let mut report = Report::default();
    adds(history, ends, &mut report);
    registers::check(history, ends, lag, &mut report);
    locks::check(history, &mut report);
    report
}

/// What was acknowledged is there once, through every daemon, and nothing that was denied, and nothing
/// that nobody wrote.
fn adds(history: &[Did], ends: &[End], report: &mut Report) {
    let mut told: BTreeMap<&String, Outcome> = BTreeMap::new();
    for did in history {
        let Did::Add { title, outcome } = did else { continue };
        if told.insert(title, *outcome).is_some() {
            report.violation(format!("the history has {title:?} twice"));
        }
    }
    let of = |wanted| told.values().filter(|outcome| **outcome == wanted).count();
    report.count("acknowledged adds", of(Outcome::Acknowledged));
    report.count("adds of unknown end", of(Outcome::Unknown));
    for (daemon, end) in ends.iter().enumerate() {
        let stored: BTreeSet<&String> = end.titles.iter().collect();
        if stored.len() != end.titles.len() {
            report.violation(format!(
                "daemon {daemon}: {} entries are there twice",
                end.titles.len() - stored.len()
            ));
        }
        for (title, outcome) in &told {
            match (outcome, stored.contains(*title)) {
                (Outcome::Acknowledged, false) => {
                    report.violation(format!("daemon {daemon}: {title:?} was acknowledged and is lost"));
                }
                (Outcome::Denied, true) => report
                    .violation(format!("daemon {daemon}: {title:?} is stored although the answer denied it")),
                _ => {}
            }
        }
        for title in stored.iter().filter(|title| !told.contains_key(**title)) {
            report.violation(format!("daemon {daemon}: nobody wrote {title:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(title: &str, outcome: Outcome) -> Did {
        Did::Add { title: title.to_owned(), outcome }
    }

    fn end(titles: &[&str]) -> End {
        End { titles: titles.iter().map(|title| (*title).to_owned()).collect(), versions: Vec::new() }
    }

    fn violations(titles: &[&str]) -> Vec<String> {
        let history =
            [add("a", Outcome::Acknowledged), add("b", Outcome::Denied), add("c", Outcome::Unknown)];
        check(&history, &[end(&["a"]), end(titles)], Duration::ZERO).violations
    }

    #[test]
    fn what_is_as_it_was_told_is_right() {
        assert_eq!(violations(&["a"]), [""; 0]);
        assert_eq!(violations(&["c", "a"]), [""; 0]);
    }

    #[test]
    fn a_lost_a_doubled_a_denied_and_a_strange_entry_are_found() {
        assert_eq!(violations(&[]), ["daemon 1: \"a\" was acknowledged and is lost"]);
        assert_eq!(violations(&["a", "a"]), ["daemon 1: 1 entries are there twice"]);
        assert_eq!(violations(&["a", "b"]), ["daemon 1: \"b\" is stored although the answer denied it"]);
        assert_eq!(violations(&["a", "x"]), ["daemon 1: nobody wrote \"x\""]);
    }
}
