//! The plan of a context: which entries go in, and how much of each. Pure.
//!
//! Each kind has a share of the budget (guidelines half of it, knowledge a third, tools the rest),
//! so that none can push the others out; what a kind leaves is given to the others afterwards,
//! guidelines first. No text takes more than a quarter of the budget.

use agent_memory_proto::model::EntryKind;

use super::texts::{TOKEN_BYTES, tokens};

/// An entry that could go in. Lists of them are in the order of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Candidate {
    pub(in crate::store) rowid: i64,
    pub(in crate::store) kind: EntryKind,
    pub(in crate::store) name_bytes: usize,
    pub(in crate::store) text_bytes: usize,
}

/// An entry that goes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Chosen {
    pub(in crate::store) rowid: i64,
    /// Bytes of its text, when it has to be cut.
    pub(in crate::store) text_bytes: Option<usize>,
}

/// Percent of the budget that is kept for each kind, in the order of [`EntryKind::ALL`].
const SHARES: [u32; 3] = [50, 35, 15];
/// A text that is cut to less says too little.
const CUT_TOKENS_MIN: u32 = 24;

/// Chooses among the candidates, which come guidelines first. The chosen keep that order.
pub(in crate::store) fn choose(candidates: &[Candidate], budget: u32) -> Vec<Chosen> {
    let mut plan = Plan {
        largest: (budget / 4).max(CUT_TOKENS_MIN),
        left: budget,
        chosen: vec![None; candidates.len()],
    };
    for kind in EntryKind::ALL {
        let share =
            u32::try_from(u64::from(budget) * u64::from(SHARES[kind as usize]) / 100).unwrap_or(budget);
        plan.fill(candidates, Some(kind), share);
    }
    let left = plan.left;
    plan.fill(candidates, None, left);
    plan.chosen.into_iter().flatten().collect()
}

struct Plan {
    largest: u32,
    left: u32,
    chosen: Vec<Option<Chosen>>,
}

impl Plan {
    /// Takes candidates in their order until `room` is used. One that does not fit is cut if that
    /// leaves enough of it, and ends the list of its kind otherwise.
    fn fill(&mut self, candidates: &[Candidate], only: Option<EntryKind>, room: u32) {
        let mut room = room.min(self.left);
        for (index, candidate) in candidates.iter().enumerate() {
            if only.is_some_and(|kind| kind != candidate.kind) || self.chosen[index].is_some() {
                continue;
            }
            let whole = tokens(candidate.name_bytes + candidate.text_bytes);
            // Only in the last round may a text be cut to what happens to be left.
            let allowed = if only.is_none() { self.largest.min(room) } else { self.largest };
            let cost = whole.min(allowed);
            if cost > room {
                if only.is_some() {
                    return;
                }
                continue;
            }
            let Some(chosen) = fit(candidate, whole, cost) else { continue };
            self.chosen[index] = Some(chosen);
            self.left -= cost;
            room -= cost;
        }
    }
}

fn fit(candidate: &Candidate, whole: u32, cost: u32) -> Option<Chosen> {
    if cost == whole {
        return Some(Chosen { rowid: candidate.rowid, text_bytes: None });
    }
    let text_bytes = (cost as usize * TOKEN_BYTES).checked_sub(candidate.name_bytes)?;
    let is_worth_it = text_bytes >= CUT_TOKENS_MIN as usize * TOKEN_BYTES / 2 && cost >= CUT_TOKENS_MIN;
    is_worth_it.then_some(Chosen { rowid: candidate.rowid, text_bytes: Some(text_bytes) })
}

#[cfg(test)]
mod tests {
    use EntryKind::{Guideline, Knowledge, Tool};
    use proptest::prelude::*;

    use super::*;

    fn many(kind: EntryKind, count: i64, text_tokens: usize) -> Vec<Candidate> {
        let base = kind as i64 * 1000;
        let one = |index| Candidate {
            rowid: base + index,
            kind,
            name_bytes: 0,
            text_bytes: text_tokens * TOKEN_BYTES,
        };
        (0..count).map(one).collect()
    }

    fn count(chosen: &[Chosen], kind: EntryKind) -> usize {
        chosen.iter().filter(|chosen| chosen.rowid / 1000 == kind as i64).count()
    }

    #[test]
    fn guidelines_cannot_push_the_others_out() {
        let all = [many(Guideline, 100, 50), many(Knowledge, 100, 50), many(Tool, 100, 50)].concat();
        let chosen = choose(&all, 2000);
        assert_eq!((count(&chosen, Guideline), count(&chosen, Knowledge), count(&chosen, Tool)), (20, 14, 6));
    }

    #[test]
    fn what_a_kind_leaves_goes_to_the_others() {
        let all = [many(Guideline, 2, 50), many(Knowledge, 100, 50)].concat();
        let chosen = choose(&all, 1000);
        assert_eq!((count(&chosen, Guideline), count(&chosen, Knowledge)), (2, 18));
    }

    #[test]
    fn a_long_text_is_cut_to_a_quarter() {
        let chosen = choose(&many(Knowledge, 1, 10_000), 1000);
        assert_eq!(chosen, [Chosen { rowid: 1000, text_bytes: Some(250 * TOKEN_BYTES) }]);
    }

    proptest! {
        #[test]
        fn the_budget_is_kept(
            sizes in proptest::collection::vec((0_usize..3, 1_usize..400, 0_usize..9000), 0..60),
            budget in 1_u32..5000,
        ) {
            let mut all: Vec<Candidate> = sizes.iter().enumerate().map(|(rowid, (kind, name_bytes, text_bytes))| {
                let rowid = i64::try_from(rowid).expect("small");
                Candidate { rowid, kind: EntryKind::ALL[*kind], name_bytes: *name_bytes, text_bytes: *text_bytes }
            }).collect();
            all.sort_by_key(|candidate| candidate.kind);
            let mut used = 0;
            for chosen in choose(&all, budget) {
                let candidate = all.iter().find(|candidate| candidate.rowid == chosen.rowid).expect("chosen of them");
                used += tokens(candidate.name_bytes + chosen.text_bytes.unwrap_or(candidate.text_bytes));
            }
            prop_assert!(used <= budget, "{} of {}", used, budget);
        }
    }
}
