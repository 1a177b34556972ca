//! What is known of the daemons that write: up to which change each was heard, and when last. A number
//! that was passed over is a change that nobody told of; so may silence be.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use agent_memory_proto::model::Id;

/// A daemon that has not been heard for so long may be writing what is not told.
pub(super) const SILENCE_MAX: Duration = Duration::from_millis(1_500);
/// Daemons that are kept in mind; more than that are not followed.
const WRITERS_MAX: usize = 4_096;

/// The daemons.
#[derive(Debug, Default)]
pub(super) struct Writers(HashMap<Id, Writer>);

#[derive(Debug)]
struct Writer {
    /// The number of its last change; `None` until it is heard over this connection.
    sequence: Option<u64>,
    heard_at: Instant,
    /// Where it runs.
    place: String,
}

/// What a message says about those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    No,
    /// So many changes may not have been told.
    Missed(u64),
    /// There are too many daemons to know.
    Unknown,
}

impl Writers {
    /// From now on there is another connection: nobody was heard over it yet.
    pub(super) fn begin(&mut self, now: Instant) {
        for writer in self.0.values_mut() {
            (writer.sequence, writer.heard_at) = (None, now);
        }
    }

    /// A daemon told of change number `sequence`.
    pub(super) fn changed(&mut self, id: Id, sequence: u64, now: Instant) -> Gap {
        self.heard(id, sequence, sequence.saturating_sub(1), now)
    }

    /// A daemon said that `sequence` is the number of its last change.
    pub(super) fn stands_at(&mut self, id: Id, sequence: u64, now: Instant) -> Gap {
        self.heard(id, sequence, sequence, now)
    }

    fn heard(&mut self, id: Id, sequence: u64, expected: u64, now: Instant) -> Gap {
        if self.0.len() >= WRITERS_MAX && !self.0.contains_key(&id) {
            return Gap::Unknown;
        }
        let unheard = || Writer { sequence: None, heard_at: now, place: String::new() };
        let writer = self.0.entry(id).or_insert_with(unheard);
        writer.heard_at = now;
        // Of one that is heard for the first time every change but this may have been missed.
        let missed = expected.saturating_sub(writer.sequence.unwrap_or(0));
        writer.sequence = Some(writer.sequence.unwrap_or(0).max(sequence));
        if missed == 0 { Gap::No } else { Gap::Missed(missed) }
    }

    /// A daemon said where it runs. One that ran there before is no more.
    pub(super) fn runs_at(&mut self, id: Id, place: &str) {
        self.0.retain(|other, writer| *other == id || writer.place != place);
        if let Some(writer) = self.0.get_mut(&id) {
            place.clone_into(&mut writer.place);
        }
    }

    /// A daemon changes nothing any more.
    pub(super) fn ended(&mut self, id: Id) {
        self.0.remove(&id);
    }

    /// A daemon that was not heard over this connection yet, or not for too long, by where it runs.
    pub(super) fn unheard(&self, now: Instant) -> Option<String> {
        let is_unheard = |writer: &&Writer| {
            writer.sequence.is_none() || now.saturating_duration_since(writer.heard_at) > SILENCE_MAX
        };
        self.0.values().find(is_unheard).map(|writer| writer.place.clone())
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Id = Id([1; 16]);
    const TWO: Id = Id([2; 16]);

    #[test]
    fn a_number_that_was_passed_over_is_a_gap() {
        let (mut writers, now) = (Writers::default(), Instant::now());
        assert_eq!(writers.changed(ONE, 1, now), Gap::No);
        assert_eq!(writers.changed(ONE, 2, now), Gap::No);
        assert_eq!(writers.stands_at(ONE, 2, now), Gap::No);
        assert_eq!(writers.changed(ONE, 5, now), Gap::Missed(2));
        assert_eq!(writers.changed(ONE, 4, now), Gap::No, "late, and the gap was told");
        assert_eq!(writers.changed(ONE, 6, now), Gap::No);
        assert_eq!(writers.stands_at(ONE, 8, now), Gap::Missed(2));
        assert_eq!(writers.changed(TWO, 7, now), Gap::Missed(6), "heard for the first time");
        assert_eq!(writers.unheard(now), None);
        writers.begin(now);
        assert!(writers.unheard(now).is_some(), "over a new connection nobody was heard yet");
        assert_eq!(writers.stands_at(TWO, 7, now), Gap::Missed(7));
    }

    #[test]
    fn silence_is_noticed_until_the_daemon_is_heard_or_ends_or_is_replaced() {
        let (mut writers, start) = (Writers::default(), Instant::now());
        for id in [ONE, TWO] {
            writers.stands_at(id, 0, start);
        }
        writers.runs_at(ONE, "a:/data");
        let later = start + SILENCE_MAX + Duration::from_millis(1);
        writers.stands_at(TWO, 0, later);
        assert_eq!(writers.unheard(start), None);
        assert_eq!(writers.unheard(later).as_deref(), Some("a:/data"));
        writers.runs_at(TWO, "a:/data");
        assert_eq!((writers.unheard(later), writers.count()), (None, 1));
        assert!(writers.unheard(later + SILENCE_MAX * 2).is_some());
        writers.ended(TWO);
        assert_eq!(writers.unheard(later + SILENCE_MAX * 2), None);
    }
}
