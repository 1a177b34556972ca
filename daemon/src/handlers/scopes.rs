//! Scope chains: which scopes a request looks at, checked to exist.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{EntryKind, ScopeLevel, ScopeRef},
};

use super::{Call, checks};
use crate::cache::Dependencies;

impl Call {
    /// The scope and, when it inherits, those above it; narrowest first.
    ///
    /// # Errors
    /// `InvalidScopeType` and `NotFound`.
    pub(crate) async fn scopes(&self, scope: ScopeRef, inherit: bool) -> Result<Arc<[ScopeRef]>, ErrorBody> {
        let chain = self.chain(scope).await?;
        if inherit { Ok(chain) } else { Ok(Arc::from(&chain[..1])) }
    }

    /// Refuses unless the organisation or project exists that `field` names, if it names any.
    ///
    /// # Errors
    /// `NotFound` of that field.
    pub(crate) async fn require(&self, field: &str, scope: Option<ScopeRef>) -> Result<(), ErrorBody> {
        let Some(scope) = scope else { return Ok(()) };
        self.chain(scope).await.map(drop).map_err(|error| error.with_field(field))
    }

    /// As [`Call::scopes`], without those whose entries of one of the kinds may not be read.
    ///
    /// # Errors
    /// As [`Call::scopes`].
    pub(crate) async fn readable_scopes(
        &self,
        scope: ScopeRef,
        inherit: bool,
        kinds: &[EntryKind],
    ) -> Result<Arc<[ScopeRef]>, ErrorBody> {
        let readable = self.readable(self.chain(scope).await?, kinds);
        if inherit {
            Ok(readable)
        } else {
            Ok(readable.iter().copied().filter(|one| *one == scope).collect())
        }
    }

    /// The scopes that a question about entries of some kinds (all when there are none) looks at, narrowest
    /// first, `None` for all, and what its answer depends on. Scopes that may not be read are left out.
    ///
    /// # Errors
    /// As [`Call::scopes`].
    pub(crate) async fn looked_at(
        &self,
        scope: Option<ScopeRef>,
        inherit: bool,
        kinds: &[EntryKind],
    ) -> Result<(Option<Arc<[ScopeRef]>>, Dependencies), ErrorBody> {
        let generations = &self.services.changes.generations;
        let tree = generations.tree();
        let scopes = match scope {
            Some(scope) => Some(self.readable_scopes(scope, inherit, kinds).await?),
            None => None,
        };
        let dependencies = generations.capture_since(tree, scopes.as_deref());
        Ok((scopes, dependencies))
    }

    /// How long an answer that was judged by the time is good.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn until_validity_changes(&self) -> Result<Duration, ErrorBody> {
        let (known, changes) = (&self.services.next_validity_change, &self.services.changes.generations);
        let any_change = changes.any_change();
        if !changes.are_blind()
            && let Some(wait) = known.wait(any_change, self.now_ms)
        {
            return Ok(wait);
        }
        let change = self.services.store.entries.next_validity_change(self.now_ms).await?;
        Ok(known.read(any_change, self.now_ms, change))
    }

    /// The scope and those above it, narrowest first.
    ///
    /// # Errors
    /// As [`Call::scopes`].
    pub(crate) async fn chain(&self, scope: ScopeRef) -> Result<Arc<[ScopeRef]>, ErrorBody> {
        checks::scope("scope", scope)?;
        if scope.level == ScopeLevel::Global {
            return Ok(Arc::from([ScopeRef::GLOBAL]));
        }
        let services = &self.services;
        let (tree, now) = (services.changes.generations.tree(), Instant::now());
        if !services.changes.generations.are_blind()
            && let Some(chain) = services.chains.get(scope, tree, now)
        {
            return Ok(chain);
        }
        let chain: Arc<[ScopeRef]> = match services.store.scopes.chain(scope).await? {
            Some(chain) => chain.into(),
            None => return Err(missing_scope(scope)),
        };
        let ttl = services.live.load().config.scope_cache_ttl;
        services.chains.put(scope, Arc::clone(&chain), tree, now, ttl);
        Ok(chain)
    }
}

/// A scope that does not exist.
pub(crate) fn missing_scope(scope: ScopeRef) -> ErrorBody {
    let create = match scope.level {
        ScopeLevel::Org => "Create the organisation first, or list them to find the right id",
        ScopeLevel::Session => "Start a session first (quickstart does), or list them to find the right id",
        ScopeLevel::Global | ScopeLevel::Project => {
            "Create the project first (quickstart does), or list them to find the right id"
        }
    };
    ErrorBody::new(ErrorCode::NotFound, format!("the scope {scope} does not exist"))
        .with_field("scopeId")
        .with_value(scope)
        .with_suggestion(create)
}
