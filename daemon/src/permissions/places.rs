//! Whether an agent may do something in a scope, whose place among the others is looked up.

use std::sync::Arc;

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{EntryKind, FileLock, PermissionLevel, ScopeRef},
};

use super::refusal;
use crate::handlers::Call;

impl Call {
    /// Whether the agent may do it in a scope; who may do it everywhere may do it in one that does not exist.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn may(
        &self,
        scope: ScopeRef,
        kind: Option<EntryKind>,
        level: PermissionLevel,
    ) -> Result<bool, ErrorBody> {
        if self.rights.always(kind, level) {
            return Ok(true);
        }
        if self.rights.never(kind, level) {
            return Ok(false);
        }
        match self.chain(scope).await {
            Ok(chain) => Ok(self.rights.level(&chain, kind) >= level),
            Err(error) if error.code == ErrorCode::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Where a lock belongs.
    pub(crate) fn scope_of_lock(lock: &FileLock) -> ScopeRef {
        lock.scope().unwrap_or(ScopeRef::GLOBAL)
    }

    /// The scopes of a chain whose entries of all these kinds may be read; of any kind when there are none.
    pub(crate) fn readable(&self, chain: Arc<[ScopeRef]>, kinds: &[EntryKind]) -> Arc<[ScopeRef]> {
        if self.rights.reads_everything() {
            return chain;
        }
        let kinds = if kinds.is_empty() { EntryKind::ALL.as_slice() } else { kinds };
        let may = |depth: &usize| {
            let above = &chain[*depth..];
            kinds.iter().all(|kind| self.rights.level(above, Some(*kind)) >= PermissionLevel::Read)
        };
        (0..chain.len()).filter(may).map(|depth| chain[depth]).collect()
    }

    /// Those of the scopes whose tasks and so on, which are no entries, may be read.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn readable_without_kind(
        &self,
        scopes: &[ScopeRef],
    ) -> Result<Vec<ScopeRef>, ErrorBody> {
        let mut readable = Vec::with_capacity(scopes.len());
        for scope in scopes {
            if self.may(*scope, None, PermissionLevel::Read).await? {
                readable.push(*scope);
            }
        }
        Ok(readable)
    }

    /// Refuses what the agent may not do in a scope.
    ///
    /// # Errors
    /// `PermissionDenied`, and what the store says.
    pub(crate) async fn demand(
        &self,
        scope: ScopeRef,
        kind: Option<EntryKind>,
        level: PermissionLevel,
    ) -> Result<(), ErrorBody> {
        if self.may(scope, kind, level).await? {
            return Ok(());
        }
        let agent = self.agent.as_deref();
        match (kind, self.rights.needed(Some(scope), kind, level)) {
            (Some(kind), needed) if needed != level => Err(refusal::protected(agent, scope, kind)),
            _ => Err(refusal::in_scope(agent, scope, kind, level)),
        }
    }
}
