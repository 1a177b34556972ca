//! Registers: entries that one agent changes and all read. Versions count the changes, so a change that
//! is lost or applied twice shows in its number, and an old answer in a number that is too small.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Did, End, Report};

/// Changes of one register, as its only writer saw them, in their order.
#[derive(Debug)]
struct Register {
    /// When a version was acknowledged.
    acknowledged: Vec<(Instant, u32)>,
    /// Changes whose end is unknown, since the last acknowledged one.
    unknown: u32,
    /// The highest version that can be there.
    highest: u32,
    contents: BTreeMap<u32, String>,
}

/// As it is made: with its first version.
impl Default for Register {
    fn default() -> Self {
        Self { acknowledged: Vec::new(), unknown: 0, highest: 1, contents: BTreeMap::new() }
    }
}

pub(super) fn check(history: &[Did], ends: &[End], lag: Duration, report: &mut Report) {
    let mut registers: BTreeMap<usize, Register> = BTreeMap::new();
    for did in history {
        if let Did::Update { register, told, version } = did {
            let known = registers.entry(*register).or_default();
            update(known, *register, *told, *version, report);
        }
    }
    for did in history {
        let Did::Read { register, asked, version, content } = did else { continue };
        let known = registers.entry(*register).or_default();
        report.count("reads", 1);
        if *version > known.highest {
            report.violation(format!("register {register}: version {version} was read, which nobody made"));
        }
        if let Some(other) = known.contents.insert(*version, content.clone()).filter(|other| other != content)
        {
            report.violation(format!("register {register}: version {version} is {other:?} and {content:?}"));
        }
        // The first newer version that was acknowledged: since then the answer is old.
        let newer = known.acknowledged.iter().find(|(_, newer)| newer > version);
        let age = newer.map_or(Duration::ZERO, |(told, _)| asked.saturating_duration_since(*told));
        report.oldest = report.oldest.max(age);
        if age > lag {
            report.violation(format!(
                "register {register}: version {version} was answered {} ms after a newer one was acknowledged",
                age.as_millis()
            ));
        }
    }
    for (daemon, end) in ends.iter().enumerate() {
        for (register, version) in end.versions.iter().enumerate() {
            let (lowest, highest) = registers.get(&register).map_or((1, 1), |known| {
                (known.acknowledged.last().map_or(1, |(_, version)| *version), known.highest)
            });
            if !(lowest..=highest).contains(version) {
                report.violation(format!(
                    "daemon {daemon}: register {register} ends with version {version}, not {lowest} to {highest}"
                ));
            }
        }
    }
}

fn update(known: &mut Register, register: usize, told: Instant, version: Option<u32>, report: &mut Report) {
    let Some(version) = version else {
        report.count("updates of unknown end", 1);
        known.unknown += 1;
        known.highest += 1;
        return;
    };
    report.count("acknowledged updates", 1);
    let before = known.acknowledged.last().map_or(1, |(_, version)| *version);
    let possible = before + 1..=before + 1 + known.unknown;
    if !possible.contains(&version) {
        report.violation(format!(
            "register {register}: version {version} was made, {} to {} were possible: a change is lost or there twice",
            possible.start(),
            possible.end()
        ));
    }
    known.acknowledged.push((told, version));
    (known.unknown, known.highest) = (0, version);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::check;

    const LAG: Duration = Duration::from_millis(100);

    struct Story(Instant, Vec<Did>);

    impl Story {
        fn new() -> Self {
            Self(Instant::now(), Vec::new())
        }

        fn update(mut self, at_ms: u64, version: Option<u32>) -> Self {
            let told = self.0 + Duration::from_millis(at_ms);
            self.1.push(Did::Update { register: 0, told, version });
            self
        }

        fn read(mut self, at_ms: u64, version: u32) -> Self {
            let (asked, content) = (self.0 + Duration::from_millis(at_ms), version.to_string());
            self.1.push(Did::Read { register: 0, asked, version, content });
            self
        }

        fn violations(&self, end: u32) -> Vec<String> {
            check(&self.1, &[End { titles: Vec::new(), versions: vec![end] }], LAG).violations
        }
    }

    #[test]
    fn answers_that_are_no_older_than_the_lag_are_right() {
        let story = Story::new().update(0, Some(2)).read(50, 1).update(60, Some(3)).read(100, 2).read(161, 3);
        assert_eq!(story.violations(3), [""; 0]);
        // The writer does not know: it may be there or not, at once or later.
        let story = Story::new().update(0, None).read(50, 2).update(60, Some(3)).update(70, None).read(80, 4);
        assert_eq!(story.violations(4), [""; 0]);
        assert_eq!(story.violations(3), [""; 0]);
    }

    #[test]
    fn an_old_answer_is_found() {
        let found = Story::new().update(0, Some(2)).update(10, Some(3)).read(111, 2).violations(3);
        assert!(found.len() == 1 && found[0].contains("101 ms after"), "{found:?}");
    }

    #[test]
    fn lost_doubled_and_invented_changes_are_found() {
        for (story, end) in [
            (Story::new().update(0, Some(3)), 3),
            (Story::new().update(0, Some(2)).update(1, Some(2)), 2),
            (Story::new().update(0, None).update(1, Some(4)), 4),
            (Story::new().update(0, Some(2)), 1),
            (Story::new().update(0, Some(2)), 3),
            (Story::new().update(0, Some(2)).read(1, 3), 2),
        ] {
            assert_eq!(story.violations(end).len(), 1, "{:?}", story.1);
        }
    }

    #[test]
    fn one_version_with_two_contents_is_found() {
        let mut story = Story::new().update(0, Some(2)).read(1, 2);
        story.1.push(Did::Read { register: 0, asked: story.0, version: 2, content: "other".to_owned() });
        assert_eq!(story.violations(2).len(), 1);
    }
}
