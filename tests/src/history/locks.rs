//! Files that agents have to themselves: never two at a time, and tokens that grow from one to the next.

use std::{collections::BTreeMap, time::Instant};

use super::{Did, Report};

/// That an agent had a file from one moment to another, for certain: from when it knew, to when it said
/// that it was done or its lock may have ended.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which file.
    pub file: usize,
    /// The fencing token.
    pub token: u64,
    /// Who had it.
    pub agent: usize,
    /// From when.
    pub from: Instant,
    /// Until when.
    pub until: Instant,
}

impl Held {
    /// What is wrong with this history of files, if anything is.
    #[must_use]
    pub fn violation(history: &[Self]) -> Option<String> {
        let mut by_file: BTreeMap<usize, Vec<&Self>> = BTreeMap::new();
        for held in history {
            by_file.entry(held.file).or_default().push(held);
        }
        by_file.into_values().find_map(|mut locks| {
            locks.sort_by_key(|held| (held.token, held.from));
            violation_of_file(&locks)
        })
    }
}

/// One file's, in the order of their tokens. A token may be there several times: its lock was renewed.
fn violation_of_file(locks: &[&Held]) -> Option<String> {
    // Of the locks with smaller tokens, the one that was held longest.
    let mut earlier: Option<&Held> = None;
    for same in locks.chunk_by(|one, other| one.token == other.token) {
        if let Some(other) = same.iter().find(|held| held.agent != same[0].agent) {
            return Some(format!("two agents have one token: {:?}, {other:?}", same[0]));
        }
        if let Some(earlier) = earlier
            && let Some(later) = same.iter().find(|later| later.from < earlier.until)
        {
            return Some(format!("two owners at once, or tokens that do not grow: {earlier:?}, {later:?}"));
        }
        earlier = same.iter().copied().chain(earlier).max_by_key(|held| held.until);
    }
    None
}

pub(super) fn check(history: &[Did], report: &mut Report) {
    let held: Vec<Held> = history
        .iter()
        .filter_map(|did| match did {
            Did::Hold(held) => Some(held.clone()),
            _ => None,
        })
        .collect();
    report.count("locks", held.len());
    if let Some(violation) = Held::violation(&held) {
        report.violation(violation);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn two_owners_and_tokens_that_do_not_grow_are_found() {
        let start = Instant::now();
        let held = |agent, token, from_ms, until_ms| Held {
            file: 0,
            token,
            agent,
            from: start + Duration::from_millis(from_ms),
            until: start + Duration::from_millis(until_ms),
        };
        let good = [held(1, 1, 0, 10), held(2, 2, 10, 20), held(2, 2, 15, 25), held(1, 5, 25, 30)];
        assert_eq!(Held::violation(&good), None);
        assert!(Held::violation(&[held(1, 1, 0, 10), held(2, 2, 9, 20)]).is_some(), "two at once");
        assert!(
            Held::violation(&[held(1, 2, 0, 10), held(2, 1, 10, 20)]).is_some(),
            "a token that went back"
        );
        assert!(Held::violation(&[held(1, 1, 0, 10), held(2, 1, 10, 20)]).is_some(), "a token twice");
    }
}
