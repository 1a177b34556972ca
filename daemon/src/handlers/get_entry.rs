//! Read one entry by id, or by name in a scope.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{EntryKind, Id},
    request::{EntrySelector, GetEntry},
};

use super::{Answer, Call, Handled, drafts};

pub(super) async fn handle(call: Call, request: GetEntry) -> Handled {
    let (kind, store, generations) = (request.kind, &call.services.store, &call.services.changes.generations);
    match request.selector {
        EntrySelector::Id(id) => {
            let before = generations.any_change();
            let entry = store.entries.get(kind, id).await?;
            let entry = entry.ok_or_else(|| no_entry(kind, id, "id"))?;
            let dependencies = generations.narrow(before, entry.scope);
            Ok(Answer::cached_under(Response::Entry(Box::new(entry)), dependencies))
        }
        EntrySelector::Name { name, scope, inherit } => {
            drafts::entry_name(kind, &name)?;
            let (scopes, dependencies) = call.looked_at(Some(scope), inherit, &[kind]).await?;
            let scopes = scopes.as_deref().unwrap_or_default().to_vec();
            let found = store.entries.find(kind, name.clone(), scopes, request.include_inactive).await?;
            let entry = found.ok_or_else(|| {
                ErrorBody::not_found(kind.name(), &name).with_field(kind.name_field()).with_suggestion(
                    format!("There is none of that name in {scope}; search to find similar ones"),
                )
            })?;
            Ok(Answer::cached_under(Response::Entry(Box::new(entry)), Some(dependencies)))
        }
    }
}

/// An entry that a request names is not there; `field` named it.
pub(super) fn no_entry(kind: EntryKind, id: Id, field: &str) -> ErrorBody {
    ErrorBody::not_found(kind.name(), id).with_field(field).with_suggestion("Search or list to find its id")
}
