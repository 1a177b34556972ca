//! What could go into a context: entries without their texts, in the order of importance.

use std::{cmp::Reverse, collections::HashMap};

use agent_memory_proto::{
    model::{EntryKind, Id},
    request::GetContext,
    response::{Context, ContextEntry, OmittedEntries},
};

use super::{
    plan::{Candidate, Chosen},
    texts::{cut, tokens},
};
use crate::store::ContextQuery;

/// Entries of one kind that are looked at; no budget has room for more of any use.
pub(in crate::store) const PER_KIND_MAX: u32 = 200;
/// Hits that count as relevant.
pub(in crate::store) const RELEVANT_MAX: u32 = 50;

/// The ranks of the entries that have to do with the query, by row id.
pub(in crate::store) type Relevance = HashMap<i64, usize>;

/// An entry without its text, and what its place depends on.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Head {
    pub(in crate::store) candidate: Candidate,
    pub(in crate::store) priority: Option<u8>,
    pub(in crate::store) updated_at_ms: i64,
    pub(in crate::store) id: Id,
}

impl Head {
    /// Guidelines by priority; everything by relevance, then by latest change.
    fn order(&self, relevance: &Relevance) -> (Reverse<Option<u8>>, usize, Reverse<i64>, Id) {
        let rank = relevance.get(&self.candidate.rowid).copied().unwrap_or(usize::MAX);
        (Reverse(self.priority), rank, Reverse(self.updated_at_ms), self.id)
    }
}

/// The kinds that are asked for.
pub(in crate::store) fn kinds(request: &GetContext) -> Vec<EntryKind> {
    let is_wanted = |kind: &EntryKind| request.kinds.is_empty() || request.kinds.contains(kind);
    EntryKind::ALL.into_iter().filter(is_wanted).collect()
}

/// How many of a kind are looked at.
pub(in crate::store) fn per_kind(request: &GetContext) -> u32 {
    request.limit_per_kind.unwrap_or(PER_KIND_MAX).min(PER_KIND_MAX)
}

/// The most important of each kind: guidelines first, then knowledge and tools by relevance and by
/// latest change.
pub(in crate::store) fn candidates(
    mut heads: Vec<Head>,
    relevance: &Relevance,
    per_kind: u32,
) -> Vec<Candidate> {
    heads.sort_by_key(|head| (head.candidate.kind != EntryKind::Guideline, head.order(relevance)));
    let mut taken = [0; EntryKind::ALL.len()];
    heads.retain(|head| {
        let of_kind = &mut taken[head.candidate.kind as usize];
        *of_kind += 1;
        *of_kind <= per_kind
    });
    heads.into_iter().map(|head| head.candidate).collect()
}

/// The text of an entry that was chosen, and whether it was cut.
pub(in crate::store) fn text(content: &str, choice: &Chosen) -> (String, bool) {
    match choice.text_bytes {
        Some(bytes) => (cut(content, bytes), true),
        None => (content.to_owned(), false),
    }
}

/// The answer; `totals` says how many entries of each kind there are in all.
pub(in crate::store) fn context(
    query: &ContextQuery,
    entries: Vec<ContextEntry>,
    totals: [u64; 3],
) -> Context {
    let left_out = |kind: EntryKind| {
        let included = entries.iter().filter(|entry: &&ContextEntry| entry.kind == kind).count() as u64;
        OmittedEntries { kind, count: totals[kind as usize].saturating_sub(included) }
    };
    Context {
        scope: query.request.scope,
        omitted: EntryKind::ALL.map(left_out).into_iter().filter(|omitted| omitted.count > 0).collect(),
        used_tokens: entries.iter().map(|entry| tokens(entry.name.len() + entry.text.len())).sum(),
        budget_tokens: query.budget_tokens,
        entries,
    }
}
