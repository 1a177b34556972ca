//! What is known of the daemons that write: up to which change each was heard, and when last. A number
//! that was passed over is a change that nobody told of; so may silence be. Who there is, the database tells.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use agent_memory_proto::model::Id;

/// A daemon that has not been heard for so long may be writing what is not told.
pub(super) const SILENCE_MAX: Duration = Duration::from_millis(1_500);
/// Daemons that are kept in mind; more than that are not followed.
const WRITERS_MAX: usize = 4_096;
/// Who there is, is known for so long after it was read.
const MEMBERS_KNOWN_FOR: Duration = Duration::from_secs(5);

/// The daemons.
#[derive(Debug, Default)]
pub(super) struct Writers {
    known: HashMap<Id, Writer>,
    /// When the database told who there is.
    members_at: Option<Instant>,
    /// Whether there was no room for some of those.
    has_unknown: bool,
}

#[derive(Debug)]
struct Writer {
    /// The number of its last change; `None` until it is heard over this connection.
    sequence: Option<u64>,
    heard_at: Instant,
    /// Where it runs.
    place: String,
    membership: Membership,
}

/// What the database tells of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    /// Nothing yet: it has just started, or is of a build that does not say there that it runs.
    Unknown,
    Present,
    /// It was there and is not any more: it was killed, or cannot reach the database, and changes nothing.
    Expired,
    /// It said goodbye, and changes nothing, whatever else is told of it.
    Ended,
}

impl Writer {
    fn new(now: Instant) -> Self {
        Self { sequence: None, heard_at: now, place: String::new(), membership: Membership::Unknown }
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.sequence.is_none() || now.saturating_duration_since(self.heard_at) > SILENCE_MAX
    }

    fn is_expected(&self) -> bool {
        matches!(self.membership, Membership::Unknown | Membership::Present)
    }
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

/// Why it is not certain that everybody is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unheard {
    /// The daemon at this place is not.
    Daemon(String),
    /// Who there is, is not known.
    WhoIsThere,
    /// There are too many daemons to know.
    TooMany,
}

impl Writers {
    /// From now on there is another connection: nobody was heard over it yet.
    pub(super) fn begin(&mut self, now: Instant) {
        for writer in self.known.values_mut() {
            (writer.sequence, writer.heard_at) = (None, now);
        }
    }

    /// These daemons, each with where it runs, are all that the database knows of, but this one.
    pub(super) fn members_are(&mut self, members: &[(Id, String)], now: Instant) {
        (self.members_at, self.has_unknown) = (Some(now), false);
        let there: HashSet<&Id> = members.iter().map(|(id, _)| id).collect();
        self.known.retain(|id, writer| {
            let is_there = there.contains(id);
            if !is_there && writer.membership == Membership::Present {
                writer.membership = Membership::Expired;
            }
            is_there
                || writer.is_expected()
                || writer.membership == Membership::Expired && !writer.is_silent(now)
        });
        for (id, place) in members {
            if self.known.len() >= WRITERS_MAX && !self.known.contains_key(id) {
                self.has_unknown = true;
                return;
            }
            let writer = self.known.entry(*id).or_insert_with(|| Writer::new(now));
            if writer.membership != Membership::Ended {
                writer.membership = Membership::Present;
            }
            place.clone_into(&mut writer.place);
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
        if self.known.len() >= WRITERS_MAX && !self.known.contains_key(&id) {
            return Gap::Unknown;
        }
        let writer = self.known.entry(id).or_insert_with(|| Writer::new(now));
        writer.heard_at = now;
        // Of one that is heard for the first time every change but this may have been missed.
        let missed = expected.saturating_sub(writer.sequence.unwrap_or(0));
        writer.sequence = Some(writer.sequence.unwrap_or(0).max(sequence));
        if missed == 0 { Gap::No } else { Gap::Missed(missed) }
    }

    /// A daemon said where it runs. One that ran there before is no more, unless the database knows better.
    pub(super) fn runs_at(&mut self, id: Id, place: &str) {
        self.known.retain(|other, writer| {
            *other == id || writer.place != place || writer.membership != Membership::Unknown
        });
        if let Some(writer) = self.known.get_mut(&id) {
            place.clone_into(&mut writer.place);
        }
    }

    /// A daemon changes nothing any more.
    pub(super) fn ended(&mut self, id: Id) {
        if let Some(writer) = self.known.get_mut(&id) {
            writer.membership = Membership::Ended;
        }
    }

    /// Whether everybody was heard over this connection, and not too long ago.
    ///
    /// # Errors
    /// Why that is not certain.
    pub(super) fn all_heard(&self, now: Instant) -> Result<(), Unheard> {
        let is_known = |at| now.saturating_duration_since(at) <= MEMBERS_KNOWN_FOR;
        if !self.members_at.is_some_and(is_known) {
            return Err(Unheard::WhoIsThere);
        }
        if self.has_unknown {
            return Err(Unheard::TooMany);
        }
        let unheard = self.known.values().find(|writer| writer.is_expected() && writer.is_silent(now));
        unheard.map_or(Ok(()), |writer| Err(Unheard::Daemon(writer.place.clone())))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.known.values().filter(|writer| writer.is_expected()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Id = Id([1; 16]);
    const TWO: Id = Id([2; 16]);

    fn at(place: &str) -> String {
        place.to_owned()
    }

    /// Known to the database: nobody.
    fn alone(now: Instant) -> Writers {
        let mut writers = Writers::default();
        writers.members_are(&[], now);
        writers
    }

    fn unheard(place: &str) -> Result<(), Unheard> {
        Err(Unheard::Daemon(at(place)))
    }

    #[test]
    fn a_number_that_was_passed_over_is_a_gap() {
        let now = Instant::now();
        let mut writers = alone(now);
        assert_eq!(writers.changed(ONE, 1, now), Gap::No);
        assert_eq!(writers.changed(ONE, 2, now), Gap::No);
        assert_eq!(writers.stands_at(ONE, 2, now), Gap::No);
        assert_eq!(writers.changed(ONE, 5, now), Gap::Missed(2));
        assert_eq!(writers.changed(ONE, 4, now), Gap::No, "late, and the gap was told");
        assert_eq!(writers.changed(ONE, 6, now), Gap::No);
        assert_eq!(writers.stands_at(ONE, 8, now), Gap::Missed(2));
        assert_eq!(writers.changed(TWO, 7, now), Gap::Missed(6), "heard for the first time");
        assert_eq!(writers.all_heard(now), Ok(()));
        writers.begin(now);
        assert!(writers.all_heard(now).is_err(), "over a new connection nobody was heard yet");
        assert_eq!(writers.stands_at(TWO, 7, now), Gap::Missed(7));
    }

    /// As daemons of builds that do not say in the database that they run.
    #[test]
    fn silence_is_noticed_until_the_daemon_is_heard_or_ends_or_is_replaced() {
        let start = Instant::now();
        let mut writers = alone(start);
        for id in [ONE, TWO] {
            writers.stands_at(id, 0, start);
        }
        writers.runs_at(ONE, "a:/data");
        let later = start + SILENCE_MAX + Duration::from_millis(1);
        writers.stands_at(TWO, 0, later);
        assert_eq!(writers.all_heard(start), Ok(()));
        assert_eq!(writers.all_heard(later), unheard("a:/data"));
        writers.members_are(&[], later);
        assert_eq!(writers.all_heard(later), unheard("a:/data"), "the database never knew of it");
        writers.runs_at(TWO, "a:/data");
        assert_eq!((writers.all_heard(later), writers.count()), (Ok(()), 1));
        let much_later = later + SILENCE_MAX * 2;
        assert!(writers.all_heard(much_later).is_err());
        writers.ended(TWO);
        assert_eq!((writers.all_heard(much_later), writers.count()), (Ok(()), 0));
    }

    #[test]
    fn one_that_the_database_knows_and_nobody_heard_is_missed_until_it_is_there_no_more() {
        let now = Instant::now();
        let mut writers = Writers::default();
        assert_eq!(writers.all_heard(now), Err(Unheard::WhoIsThere));
        writers.members_are(&[(ONE, at("a:/data"))], now);
        assert_eq!((writers.all_heard(now), writers.count()), (unheard("a:/data"), 1));
        writers.stands_at(ONE, 0, now);
        assert_eq!(writers.all_heard(now), Ok(()));
        let later = now + SILENCE_MAX * 2;
        writers.members_are(&[(ONE, at("a:/data"))], later);
        assert_eq!(writers.all_heard(later), unheard("a:/data"));
        writers.members_are(&[], later);
        assert_eq!((writers.all_heard(later), writers.count()), (Ok(()), 0));
        assert_eq!(writers.all_heard(later + MEMBERS_KNOWN_FOR * 2), Err(Unheard::WhoIsThere));
    }

    #[test]
    fn two_at_one_place_are_both_listened_to_while_the_database_knows_both() {
        let now = Instant::now();
        let mut writers = alone(now);
        writers.members_are(&[(ONE, at("a:/data")), (TWO, at("a:/data"))], now);
        for id in [ONE, TWO, ONE] {
            writers.stands_at(id, 0, now);
            writers.runs_at(id, "a:/data");
        }
        assert_eq!((writers.all_heard(now), writers.count()), (Ok(()), 2));
    }

    #[test]
    fn one_that_said_goodbye_is_not_missed_though_its_row_is_still_there() {
        let now = Instant::now();
        let mut writers = alone(now);
        writers.stands_at(ONE, 0, now);
        writers.ended(ONE);
        let later = now + SILENCE_MAX * 2;
        writers.members_are(&[(ONE, at("a:/data"))], later);
        assert_eq!((writers.all_heard(later), writers.count()), (Ok(()), 0));
        writers.members_are(&[], later);
        assert!(writers.known.is_empty(), "it is forgotten with its row");
    }

    #[test]
    fn more_than_can_be_followed_are_told_of() {
        let now = Instant::now();
        let members: Vec<(Id, String)> = (0..=WRITERS_MAX)
            .map(|number| {
                let mut id = [0; 16];
                id[..8].copy_from_slice(&number.to_le_bytes());
                (Id(id), String::new())
            })
            .collect();
        let mut writers = Writers::default();
        writers.members_are(&members, now);
        assert_eq!(writers.all_heard(now), Err(Unheard::TooMany));
        assert_eq!(writers.known.len(), WRITERS_MAX);
    }
}
