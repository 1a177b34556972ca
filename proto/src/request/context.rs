//! The memory of a scope under a token budget.

use crate::{
    codec::{Decode, Encode},
    model::{EntryKind, ScopeRef},
};

/// Gathers what an agent should know in a scope: guidelines by priority, then what is most
/// relevant and recent, within the budget.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct GetContext {
    /// For which scope.
    pub scope: ScopeRef,
    /// Whether the wider scopes count too.
    pub inherit: bool,
    /// What the agent is about to do, to rank knowledge and tools by; recency alone without it.
    pub query: Option<String>,
    /// Only these kinds; empty means all.
    pub kinds: Vec<EntryKind>,
    /// Tokens at most; the daemon's `AGENT_MEMORY_CONTEXT_TOKENS` when not given.
    pub budget_tokens: Option<u32>,
    /// Entries of each kind at most.
    pub limit_per_kind: Option<u32>,
}
