//! Lists of entries, with what overrides what.

use std::cmp::Reverse;

use agent_memory_proto::{
    Response,
    model::{Entry, EntryBody, ScopeRef},
    request::ListEntries,
    response::EntryPage,
};

use super::{Model, Predicted, check_page, page};

impl Model {
    pub(super) fn list_entries(&self, request: &ListEntries) -> Predicted {
        check_page(request.limit, request.offset)?;
        let scopes = self.looked_at(request.scope, request.inherit)?;
        let is_wanted = |entry: &&Entry| {
            entry.kind() == request.kind
                && (entry.is_active || request.include_inactive)
                && request.category.as_ref().is_none_or(|one| entry.category.as_ref() == Some(one))
                && self.is_looked_at(entry, scopes.as_deref())
                && !self.is_overridden(entry, scopes.as_deref())
        };
        let mut entries: Vec<Entry> =
            self.entries.values().map(|kept| &kept.entry).filter(is_wanted).cloned().collect();
        entries.sort_by_key(|entry| (Reverse(priority(entry)), Reverse(entry.updated_at_ms), entry.id));
        let (entries, has_more) = page(entries, request.limit, request.offset)?;
        Ok(Response::Entries(EntryPage { entries, has_more }))
    }

    pub(super) fn is_looked_at(&self, entry: &Entry, scopes: Option<&[ScopeRef]>) -> bool {
        scopes.is_none_or(|scopes| scopes.contains(&entry.scope))
    }

    /// Whether an active entry of the same kind and name stands in a narrower one of the scopes.
    pub(super) fn is_overridden(&self, entry: &Entry, scopes: Option<&[ScopeRef]>) -> bool {
        let narrower = scopes.unwrap_or_default().iter().take_while(|scope| **scope != entry.scope);
        narrower
            .into_iter()
            .filter_map(|scope| self.named(*scope, entry.kind(), &entry.name))
            .any(|other| other.is_active)
    }
}

/// A guideline's priority.
pub(super) const fn priority(entry: &Entry) -> Option<u8> {
    match entry.version.body {
        EntryBody::Guideline { priority, .. } => Some(priority),
        EntryBody::Knowledge { .. } | EntryBody::Tool { .. } => None,
    }
}
