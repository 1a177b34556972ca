//! Generations: one number per scope, raised after each commit and before its answer. An answer
//! remembers the numbers it was computed under, and is good only while they stand.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use agent_memory_proto::model::ScopeRef;
use foldhash::fast::RandomState;

use super::Requirements;

type Number = Arc<AtomicU64>;

/// Scopes beyond which all numbers are raised and forgotten, to bound the map.
const SCOPES_MAX: usize = 100_000;

/// The numbers of all scopes.
#[derive(Debug, Default)]
pub struct Generations {
    /// Raised by every change of any scope, before the scope's own number.
    any: Number,
    /// Raised when a scope's parents may have changed.
    tree: Number,
    /// Raised when what agents may do may have changed.
    permissions: AtomicU64,
    scopes: RwLock<HashMap<ScopeRef, Number, RandomState>>,
    /// Changes may happen that raise no number.
    is_blind: AtomicBool,
    /// What answers of other daemons must know.
    requirements: Requirements,
}

impl Generations {
    /// Raises what the change of a scope makes stale.
    pub fn raise(&self, scope: ScopeRef, scope_tree: bool) {
        // First, so that whoever captured the numbers after it requires it, too.
        self.requirements.raise(scope, scope_tree);
        self.any.fetch_add(1, Ordering::SeqCst);
        if scope_tree {
            self.tree.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(number) = self.read().get(&scope) {
            number.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Notes that what agents may do has changed.
    pub fn raise_permissions(&self) {
        self.permissions.fetch_add(1, Ordering::SeqCst);
    }

    /// How often what agents may do may have changed.
    #[must_use]
    pub fn permissions(&self) -> u64 {
        self.permissions.load(Ordering::SeqCst)
    }

    /// Raises every number: nothing that was read before is good any more, and no reader that is
    /// under way can keep what it read.
    pub fn raise_all(&self) {
        self.requirements.raise_all();
        self.any.fetch_add(1, Ordering::SeqCst);
        self.tree.fetch_add(1, Ordering::SeqCst);
        self.raise_permissions();
    }

    /// From now on changes happen that raise no number: that one stands says nothing.
    pub fn go_blind(&self) {
        self.is_blind.store(true, Ordering::SeqCst);
    }

    /// Every change raises its number from now on. What was read before is not good any more.
    pub fn see_again(&self) {
        self.raise_all();
        self.is_blind.store(false, Ordering::SeqCst);
    }

    /// Whether changes may happen that raise no number.
    #[must_use]
    pub fn are_blind(&self) -> bool {
        self.is_blind.load(Ordering::SeqCst)
    }

    /// The numbers that an answer about these scopes depends on. Take them before reading.
    /// Without scopes the answer depends on every scope.
    #[must_use]
    pub fn capture(&self, scopes: Option<&[ScopeRef]>) -> Dependencies {
        self.capture_since(self.tree(), scopes)
    }

    /// As [`Generations::capture`], for scopes that were looked up after the tree stood at `tree`.
    #[must_use]
    pub fn capture_since(&self, tree: u64, scopes: Option<&[ScopeRef]>) -> Dependencies {
        let mut numbers = Vec::with_capacity(scopes.map_or(1, <[_]>::len) + 1);
        numbers.push((Arc::clone(&self.tree), tree));
        match scopes {
            Some(scopes) => numbers.extend(scopes.iter().map(|scope| stand(&self.number(*scope)))),
            None => numbers.push(stand(&self.any)),
        }
        Dependencies { numbers }
    }

    /// What answers of other daemons must know.
    #[must_use]
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// The number of every change so far, for [`Generations::narrow`].
    #[must_use]
    pub fn any_change(&self) -> u64 {
        self.any.load(Ordering::SeqCst)
    }

    /// The dependency on one scope that is known only after the read: `None` when anything has
    /// changed since `any_change` was taken before the read.
    #[must_use]
    pub fn narrow(&self, any_change: u64, scope: ScopeRef) -> Option<Dependencies> {
        let dependencies = self.capture(Some(&[scope]));
        (self.any_change() == any_change).then_some(dependencies)
    }

    /// How often the tree of scopes has changed.
    #[must_use]
    pub fn tree(&self) -> u64 {
        self.tree.load(Ordering::SeqCst)
    }

    fn number(&self, scope: ScopeRef) -> Number {
        if let Some(number) = self.read().get(&scope) {
            return Arc::clone(number);
        }
        let mut scopes = self.scopes.write().unwrap_or_else(PoisonError::into_inner);
        if scopes.len() >= SCOPES_MAX {
            for number in scopes.values() {
                number.fetch_add(1, Ordering::SeqCst);
            }
            scopes.clear();
        }
        Arc::clone(scopes.entry(scope).or_default())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<ScopeRef, Number, RandomState>> {
        self.scopes.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stand(number: &Number) -> (Number, u64) {
    (Arc::clone(number), number.load(Ordering::SeqCst))
}

/// Numbers and how they stood before an answer was computed.
#[derive(Clone, Debug)]
pub struct Dependencies {
    numbers: Vec<(Number, u64)>,
}

impl Dependencies {
    /// Whether nothing that the answer depends on has changed.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.numbers.iter().all(|(number, stood)| number.load(Ordering::SeqCst) == *stood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(n: u8) -> ScopeRef {
        ScopeRef::project(agent_memory_proto::model::Id([n; 16]))
    }

    #[test]
    fn a_change_of_one_scope_leaves_the_others_alone() {
        let generations = Generations::default();
        let (one, two) = (generations.capture(Some(&[project(1)])), generations.capture(Some(&[project(2)])));
        generations.raise(project(1), false);
        assert!(!one.hold());
        assert!(two.hold());
    }

    #[test]
    fn scopes_that_were_looked_up_before_the_tree_changed_are_stale() {
        let generations = Generations::default();
        let tree = generations.tree();
        assert!(generations.capture_since(tree, Some(&[project(1)])).hold());
        generations.raise(project(2), true);
        assert!(!generations.capture_since(tree, Some(&[project(1)])).hold());
    }

    #[test]
    fn an_answer_about_everything_depends_on_everything() {
        let generations = Generations::default();
        let everything = generations.capture(None);
        generations.raise(project(9), false);
        assert!(!everything.hold());
    }

    #[test]
    fn a_change_during_the_read_forbids_narrowing() {
        let generations = Generations::default();
        let before = generations.any_change();
        assert!(generations.narrow(before, project(1)).is_some());
        generations.raise(project(2), false);
        assert!(generations.narrow(before, project(1)).is_none());
    }

    #[test]
    fn nothing_read_before_a_gap_is_good_after_it() {
        let generations = Generations::default();
        let (scoped, everything) = (generations.capture(Some(&[project(1)])), generations.capture(None));
        let (tree, any) = (generations.tree(), generations.any_change());
        generations.go_blind();
        assert!(generations.are_blind() && scoped.hold());
        let during = generations.capture(Some(&[project(1)]));
        generations.see_again();
        assert!(!generations.are_blind());
        assert!(!scoped.hold() && !everything.hold() && !during.hold());
        assert!(generations.tree() != tree && generations.narrow(any, project(1)).is_none());
        assert!(generations.capture(Some(&[project(1)])).hold());
    }

    #[test]
    fn forgotten_scopes_are_stale() {
        let generations = Generations::default();
        let old = generations.capture(Some(&[project(1)]));
        for n in 0..=SCOPES_MAX as u128 {
            let id = agent_memory_proto::model::Id(n.to_be_bytes());
            let _ = generations.capture(Some(&[ScopeRef::session(id)]));
        }
        assert!(!old.hold());
    }
}
