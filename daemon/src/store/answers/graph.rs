//! Following relations from some entries and projects, step by step: a backend reads the relations of each
//! step. Cycles are no matter, and everything is bounded: the steps, what is reached, and what is read.

use std::collections::HashSet;

use agent_memory_proto::{
    model::RelationKind,
    request::{Direction, RelationWalk},
};

use crate::store::rules::NodeKey;

/// Relations that are read in one step at most.
pub(in crate::store) const EDGES_MAX: u32 = 10_000;

/// A relation of one of the nodes that were asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Edge {
    /// Which of them, by its place.
    pub(in crate::store) place: usize,
    /// The other end.
    pub(in crate::store) other: NodeKey,
    pub(in crate::store) kind: RelationKind,
    /// Whether the relation ends at the other end.
    pub(in crate::store) is_target: bool,
}

/// What was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Reached {
    pub(in crate::store) key: NodeKey,
    /// From which of those that the walk began at, by its place.
    pub(in crate::store) from: usize,
    pub(in crate::store) kind: RelationKind,
    pub(in crate::store) is_target: bool,
    pub(in crate::store) distance: u8,
}

/// A walk under way.
#[derive(Debug)]
pub(in crate::store) struct Walk {
    rules: RelationWalk,
    reached_max: usize,
    seen: HashSet<NodeKey>,
    /// Whose relations are followed next, with the place of where they were reached from.
    frontier: Vec<(NodeKey, usize)>,
    distance: u8,
    reached: Vec<Reached>,
    is_cut: bool,
}

impl Walk {
    /// A walk that reaches at most so many.
    pub(in crate::store) fn from(starts: &[NodeKey], rules: RelationWalk, reached_max: u32) -> Self {
        Self {
            rules,
            reached_max: reached_max as usize,
            seen: starts.iter().copied().collect(),
            frontier: starts.iter().copied().enumerate().map(|(place, key)| (key, place)).collect(),
            distance: 0,
            reached: Vec::new(),
            is_cut: false,
        }
    }

    /// Whose relations are to be read now; `None` at the end.
    pub(in crate::store) fn next(&self) -> Option<Vec<NodeKey>> {
        let goes_on = self.distance < self.rules.depth && !self.frontier.is_empty();
        (goes_on && !self.is_full()).then(|| self.frontier.iter().map(|(key, _)| *key).collect())
    }

    /// Only relations of this kind are to be read.
    pub(in crate::store) const fn kind(&self) -> Option<RelationKind> {
        self.rules.kind
    }

    /// Whether relations are to be read that begin at, and that end at, the nodes asked about.
    pub(in crate::store) const fn ways(&self) -> (bool, bool) {
        match self.rules.direction {
            Direction::Forward => (true, false),
            Direction::Backward => (false, true),
            Direction::Both => (true, true),
        }
    }

    /// Takes what was read for [`Walk::next`], in the order of the nodes: [`EDGES_MAX`] at most.
    pub(in crate::store) fn take(&mut self, mut edges: Vec<Edge>) {
        self.is_cut |= edges.len() >= EDGES_MAX as usize;
        // Where the order was left to the server.
        edges.sort_by_key(|edge| edge.place);
        self.distance += 1;
        let mut frontier = Vec::new();
        for edge in edges {
            let Some((_, from)) = self.frontier.get(edge.place).copied() else { continue };
            if self.seen.contains(&edge.other) {
                continue;
            }
            if self.is_full() {
                self.is_cut = true;
                break;
            }
            self.seen.insert(edge.other);
            let Edge { other: key, kind, is_target, .. } = edge;
            self.reached.push(Reached { key, from, kind, is_target, distance: self.distance });
            frontier.push((key, from));
        }
        self.frontier = frontier;
    }

    fn is_full(&self) -> bool {
        self.reached.len() >= self.reached_max
    }

    /// What was reached, the nearest first, and whether there was more.
    pub(in crate::store) fn end(self) -> (Vec<Reached>, bool) {
        (self.reached, self.is_cut)
    }
}

/// The row ids of the entries that were reached.
pub(in crate::store) fn entries(reached: &[Reached]) -> Vec<i64> {
    reached.iter().filter_map(|reached| reached.key.entry()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: RelationWalk = RelationWalk { depth: 5, ..RelationWalk::FILTER };

    /// Walks a graph of relations between numbers.
    fn walked(graph: &[(i64, i64)], rules: RelationWalk, reached_max: u32) -> (Vec<(i64, u8)>, bool) {
        let mut walk = Walk::from(&[NodeKey(1)], rules, reached_max);
        while let Some(nodes) = walk.next() {
            let (forward, backward) = walk.ways();
            let kind = RelationKind::RelatedTo;
            let mut edges = Vec::new();
            for (place, node) in nodes.iter().enumerate() {
                let out = graph.iter().filter(|(from, _)| forward && *from == node.0);
                edges.extend(out.map(|(_, to)| Edge { place, other: NodeKey(*to), kind, is_target: true }));
                let back = graph.iter().filter(|(_, to)| backward && *to == node.0);
                edges.extend(back.map(|(from, _)| Edge {
                    place,
                    other: NodeKey(*from),
                    kind,
                    is_target: false,
                }));
            }
            walk.take(edges);
        }
        let (reached, is_cut) = walk.end();
        (reached.iter().map(|reached| (reached.key.0, reached.distance)).collect(), is_cut)
    }

    #[test]
    fn a_cycle_is_walked_once() {
        let cycle = [(1, 2), (2, 3), (3, 1), (3, 3)];
        let forward = RelationWalk { direction: Direction::Forward, ..RULES };
        assert_eq!(walked(&cycle, forward, 100), (vec![(2, 1), (3, 2)], false));
        let backward = RelationWalk { direction: Direction::Backward, ..RULES };
        assert_eq!(walked(&cycle, backward, 100), (vec![(3, 1), (2, 2)], false));
        assert_eq!(walked(&cycle, RULES, 100), (vec![(2, 1), (3, 1)], false));
    }

    #[test]
    fn the_depth_and_the_number_are_bounded() {
        let chain: Vec<(i64, i64)> = (1..20).map(|n| (n, n + 1)).collect();
        let near = RelationWalk { depth: 2, ..RULES };
        assert_eq!(walked(&chain, near, 100), (vec![(2, 1), (3, 2)], false));
        let star: Vec<(i64, i64)> = (2..20).map(|n| (1, n)).collect();
        assert_eq!(walked(&star, RULES, 3), (vec![(2, 1), (3, 1), (4, 1)], true));
        assert_eq!(walked(&star[..3], RULES, 3), (vec![(2, 1), (3, 1), (4, 1)], false));
    }
}
