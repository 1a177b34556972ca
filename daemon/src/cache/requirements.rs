//! What an answer that another daemon left must know at least, so that it may be used: for each scope,
//! every transaction up to the last change of it that was heard. Told in numbers of the server, so that
//! nothing has to be removed where the answers are.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use agent_memory_proto::model::ScopeRef;
use foldhash::fast::RandomState;
use tokio::sync::Notify;

use crate::{store::Snapshot, supervisor::lock};

/// Scopes beyond which what is required of one is required of all, to bound the maps.
const SCOPES_MAX: usize = 20_000;
/// The server is looked at that often though no change is heard: it may be another than before.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// What was known of the server longer ago counts for nothing.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// Who asked for an answer is thought to ask for others for so long.
const INTEREST: Duration = Duration::from_secs(10);

type Scopes = HashMap<ScopeRef, u64, RandomState>;

/// The requirements.
#[derive(Debug, Default)]
pub struct Requirements {
    is_used: AtomicBool,
    state: Mutex<State>,
    /// A look at the server is wanted.
    wanted: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Changes that were heard.
    heard: u64,
    /// Which run of the server the numbers are of; `None` before the first look at it.
    incarnation: Option<u64>,
    /// Every transaction below it can be seen by who reads now.
    watermark: u64,
    /// What is required of everything, of answers about all scopes, and of one scope each.
    everything: Required,
    any: Required,
    scopes: Scopes,
    /// The changes of scopes that the server was not looked at since.
    pending: Scopes,
    /// The highest of what is required.
    highest: u64,
    asked_at: Option<Instant>,
    looked_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Required {
    at_least: u64,
    /// The change that the server was not looked at since.
    pending: Option<u64>,
}

impl Required {
    /// Returns whether something was settled.
    fn settle(&mut self, began: u64, at_least: u64) -> bool {
        let is_settled = self.pending.is_some_and(|pending| pending <= began);
        if is_settled {
            *self = Self { at_least, pending: None };
        }
        is_settled
    }
}

/// What an answer must know to be used, and what one that is read from now on knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The run of the server.
    pub incarnation: u64,
    /// Every transaction below this must have been seen.
    pub at_least: u64,
    /// Every transaction below this is seen by who reads from now on.
    pub watermark: u64,
}

impl Requirements {
    /// Whoever hears of changes says so here from now on.
    pub fn begin_use(&self) {
        self.is_used.store(true, Ordering::SeqCst);
        self.raise_all();
    }

    /// A scope has changed. To be called before the scope's generation is raised.
    pub fn raise(&self, scope: ScopeRef, scope_tree: bool) {
        if !self.is_used.load(Ordering::Relaxed) {
            return;
        }
        let mut state = lock(&self.state);
        state.heard += 1;
        let heard = state.heard;
        state.any.pending = Some(heard);
        if scope_tree || state.pending.len() >= SCOPES_MAX {
            state.everything.pending = Some(heard);
        } else {
            state.pending.insert(scope, heard);
        }
        self.wanted.notify_one();
    }

    /// Anything may have changed. To be called before the generations are raised.
    pub fn raise_all(&self) {
        if !self.is_used.load(Ordering::Relaxed) {
            return;
        }
        let mut state = lock(&self.state);
        state.heard += 1;
        state.everything.pending = Some(state.heard);
        self.wanted.notify_one();
    }

    /// What an answer about these scopes must know; without scopes, about all. `None` while that is not
    /// known, which is soon over: do without.
    #[must_use]
    pub fn ticket(&self, scopes: Option<&[ScopeRef]>, now: Instant) -> Option<Ticket> {
        let mut state = lock(&self.state);
        state.asked_at = Some(now);
        let is_known = state.looked_at.is_some_and(|at| now.saturating_duration_since(at) < KNOWN_FOR);
        state.ticket(scopes).filter(|_| is_known)
    }

    /// Waits until a look at the server is wanted.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// What was heard before a look at the server that begins now; `None` when none is needed.
    #[must_use]
    pub fn begin_look(&self, now: Instant) -> Option<u64> {
        let state = lock(&self.state);
        let is_old = state.looked_at.is_none_or(|at| now.saturating_duration_since(at) >= LOOK_AGAIN);
        (is_old || state.is_unsettled()).then_some(state.heard)
    }

    /// Takes note of how the server was, looked at after `began` changes were heard, at `now`. Returns whether it is
    /// another run of the server than before: then nothing that was read of the earlier one counts.
    pub fn settle(&self, began: u64, snapshot: Snapshot, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let before = state.incarnation.replace(snapshot.incarnation);
        let is_another = before != Some(snapshot.incarnation);
        if is_another {
            state.scopes.clear();
            state.everything.pending.get_or_insert(began);
            state.everything.at_least = snapshot.xmax;
            state.any.at_least = snapshot.xmax;
            state.highest = 0;
        }
        state.watermark = snapshot.xmin;
        state.looked_at = Some(now);
        let mut is_raised = state.everything.settle(began, snapshot.xmax);
        is_raised |= state.any.settle(began, snapshot.xmax);
        let State { pending, scopes, .. } = &mut *state;
        for (scope, _) in pending.extract_if(|_, heard| *heard <= began) {
            scopes.insert(scope, snapshot.xmax);
            is_raised = true;
        }
        if state.scopes.len() > SCOPES_MAX {
            let highest = state.scopes.values().copied().max().unwrap_or(0);
            state.everything.at_least = state.everything.at_least.max(highest);
            state.scopes.clear();
        }
        if is_raised {
            state.highest = snapshot.xmax;
        }
        is_another && before.is_some()
    }

    /// Whether answers were asked for of late.
    #[must_use]
    pub fn are_asked(&self, now: Instant) -> bool {
        lock(&self.state).asked_at.is_some_and(|at| now.saturating_duration_since(at) < INTEREST)
    }
}

impl State {
    fn ticket(&self, scopes: Option<&[ScopeRef]>) -> Option<Ticket> {
        let incarnation = self.incarnation?;
        if self.everything.pending.is_some() {
            return None;
        }
        let mut at_least = self.everything.at_least;
        match scopes {
            None if self.any.pending.is_some() => return None,
            None => at_least = at_least.max(self.any.at_least),
            Some(scopes) => {
                for scope in scopes {
                    if self.pending.contains_key(scope) {
                        return None;
                    }
                    at_least = at_least.max(self.scopes.get(scope).copied().unwrap_or(0));
                }
            }
        }
        Some(Ticket { incarnation, at_least, watermark: self.watermark })
    }

    /// Whether another look at the server makes more answers usable. Transactions that were under way
    /// during the last one keep its watermark below what is required.
    fn is_unsettled(&self) -> bool {
        let is_pending = self.everything.pending.is_some() || self.any.pending.is_some();
        is_pending || !self.pending.is_empty() || self.watermark < self.highest
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::Id;

    use super::*;

    const SERVER: u64 = 1;

    fn project(n: u8) -> ScopeRef {
        ScopeRef::project(Id([n; 16]))
    }

    struct World {
        requirements: Requirements,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            let world = Self { requirements: Requirements::default(), now: Instant::now() };
            world.requirements.begin_use();
            world
        }

        fn look(&self, xmin: u64, xmax: u64, incarnation: u64) -> bool {
            let began = self.requirements.begin_look(self.now).expect("a look is needed");
            self.requirements.settle(began, Snapshot { xmin, xmax, incarnation }, self.now)
        }

        fn ticket(&self, scopes: Option<&[ScopeRef]>) -> Option<(u64, u64)> {
            let ticket = self.requirements.ticket(scopes, self.now)?;
            Some((ticket.at_least, ticket.watermark))
        }
    }

    #[test]
    fn nothing_is_known_before_the_first_look_nor_long_after_the_last() {
        let mut world = World::new();
        assert_eq!(world.ticket(Some(&[])), None);
        assert!(!world.look(5, 5, SERVER));
        assert_eq!(world.ticket(Some(&[project(1)])), Some((5, 5)));
        assert_eq!(world.requirements.begin_look(world.now), None, "all is known");
        world.now += LOOK_AGAIN;
        assert!(world.requirements.begin_look(world.now).is_some());
        world.now += KNOWN_FOR;
        assert_eq!(world.ticket(Some(&[project(1)])), None);
    }

    #[test]
    fn a_change_is_required_of_its_scope_only_and_of_what_is_about_all() {
        let world = World::new();
        world.look(5, 5, SERVER);
        world.requirements.raise(project(1), false);
        assert_eq!(world.ticket(Some(&[project(1), ScopeRef::GLOBAL])), None, "it is not known yet");
        assert_eq!(world.ticket(None), None);
        assert_eq!(world.ticket(Some(&[project(2)])), Some((5, 5)));
        world.look(9, 9, SERVER);
        assert_eq!(world.ticket(Some(&[project(1), ScopeRef::GLOBAL])), Some((9, 9)));
        assert_eq!(world.ticket(Some(&[project(2)])), Some((5, 9)));
        assert_eq!(world.ticket(None), Some((9, 9)));
    }

    #[test]
    fn what_is_heard_during_a_look_is_not_settled_by_it() {
        let world = World::new();
        world.look(5, 5, SERVER);
        world.requirements.raise(project(1), false);
        let began = world.requirements.begin_look(world.now).expect("a look is needed");
        world.requirements.raise(project(1), false);
        world.requirements.raise(project(2), false);
        world.requirements.settle(began, Snapshot { xmin: 9, xmax: 9, incarnation: SERVER }, world.now);
        assert_eq!(world.ticket(Some(&[project(1)])), None);
        assert_eq!(world.ticket(Some(&[project(2)])), None);
        world.look(12, 12, SERVER);
        assert_eq!(world.ticket(Some(&[project(1)])), Some((12, 12)));
    }

    #[test]
    fn a_transaction_that_was_under_way_is_looked_for_until_it_ended() {
        let world = World::new();
        world.look(5, 9, SERVER);
        assert_eq!(world.ticket(Some(&[])), Some((9, 5)), "what is read now is of no use");
        world.look(8, 20, SERVER);
        assert_eq!(world.ticket(Some(&[])), Some((9, 8)));
        world.look(9, 30, SERVER);
        assert_eq!(world.ticket(Some(&[])), Some((9, 9)));
        assert_eq!(world.requirements.begin_look(world.now), None);
    }

    #[test]
    fn a_gap_and_a_change_of_the_tree_are_required_of_everything() {
        let world = World::new();
        world.look(5, 5, SERVER);
        for number in [6, 7] {
            match number {
                6 => world.requirements.raise_all(),
                _ => world.requirements.raise(project(1), true),
            }
            assert_eq!(world.ticket(Some(&[project(2)])), None);
            world.look(number, number, SERVER);
            assert_eq!(world.ticket(Some(&[project(2)])), Some((number, number)));
        }
    }

    #[test]
    fn another_run_of_the_server_may_count_less_far() {
        let world = World::new();
        world.look(100, 100, SERVER);
        world.requirements.raise(project(1), false);
        assert!(!world.look(101, 101, SERVER));
        world.requirements.raise_all();
        assert!(world.look(90, 90, SERVER + 1));
        assert_eq!(world.ticket(Some(&[project(1)])), Some((90, 90)));
        assert_eq!(world.ticket(None), Some((90, 90)));
        let ticket = world.requirements.ticket(None, world.now).expect("known");
        assert_eq!(ticket.incarnation, SERVER + 1);
    }

    #[test]
    fn the_scopes_are_bounded() {
        let world = World::new();
        world.look(5, 5, SERVER);
        for round in 0..3 {
            for n in 0..SCOPES_MAX as u128 {
                let id = Id((n + round * SCOPES_MAX as u128 / 2).to_be_bytes());
                world.requirements.raise(ScopeRef::session(id), false);
            }
            let number = 6 + u64::try_from(round).expect("small");
            world.look(number, number, SERVER);
        }
        assert!(lock(&world.requirements.state).scopes.len() <= SCOPES_MAX);
        let first = world.ticket(Some(&[ScopeRef::session(Id(0_u128.to_be_bytes()))]));
        assert!(first.is_some_and(|(at_least, _)| at_least >= 6), "{first:?}");
    }
}
