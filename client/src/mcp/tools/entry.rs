//! What the tools for guidelines, knowledge and tools share: their actions, and every parameter
//! that is not part of the body.

use agent_memory_proto::{
    Request, limits,
    model::{BodyPatch, EntryBody, EntryKind, Id, ScopeRef},
    request::{
        AddEntry, AddEntryInstead, BulkAddEntries, BulkDeleteEntries, BulkUpdateEntries, DeactivateEntry,
        DeleteEntry, EntryDraft, EntryHistory, EntryPatch, EntrySelector, GetEntry, ListEntries, UpdateEntry,
    },
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    page, unplanned,
};

pub(super) const ACTIONS: &[&str] = &[
    "add",
    "update",
    "get",
    "list",
    "history",
    "deactivate",
    "delete",
    "bulk_add",
    "bulk_update",
    "bulk_delete",
];

/// How one kind of entry differs from the others.
pub(super) struct Shape {
    pub(super) kind: EntryKind,
    /// Parameters of one item of `entries` or `updates`.
    pub(super) item_parameters: &'static [&'static str],
    /// Takes what a new entry says.
    pub(super) body: fn(&mut Arguments) -> Result<EntryBody, Refusal>,
    /// Takes what changes in what an entry says.
    pub(super) patch: fn(&mut Arguments) -> Result<BodyPatch, Refusal>,
}

pub(super) fn plan(
    call: &mut Arguments,
    action: &str,
    scopes: &Scopes,
    shape: &Shape,
) -> Result<Request, Refusal> {
    let kind = shape.kind;
    Ok(match action {
        "add" => {
            let (add, supersedes) = (add(call, scopes, None, shape)?, supersedes(call)?);
            Request::AddEntryInstead(Box::new(AddEntryInstead { add, supersedes, find_similar: true }))
        }
        "update" => Request::UpdateEntry(update(call, shape)?),
        "get" => Request::GetEntry(get(call, scopes, kind)?),
        "list" => Request::ListEntries(list(call, scopes, kind)?),
        "history" => {
            let id = call.required("id", Arguments::id)?;
            let (limit, offset) = page(call)?;
            Request::EntryHistory(EntryHistory { kind, id, limit, offset })
        }
        "deactivate" => Request::DeactivateEntry(DeactivateEntry {
            kind,
            id: call.required("id", Arguments::id)?,
            updated_by: call.text("updatedBy")?,
            change_reason: call.text("changeReason")?,
        }),
        "delete" => Request::DeleteEntry(DeleteEntry { kind, id: call.required("id", Arguments::id)? }),
        "bulk_add" => bulk_add(call, scopes, shape)?,
        "bulk_update" => bulk_update(call, shape)?,
        "bulk_delete" => bulk_delete(call, kind)?,
        other => return Err(unplanned(other)),
    })
}

fn add(
    call: &mut Arguments,
    scopes: &Scopes,
    shared: Option<ScopeRef>,
    shape: &Shape,
) -> Result<AddEntry, Refusal> {
    let name = call.required(shape.kind.name_field(), Arguments::text)?;
    let body = (shape.body)(call)?;
    let draft = EntryDraft {
        scope: scopes.to_write_beside(call, shared)?,
        name,
        category: call.text("category")?,
        tags: call.texts("tags")?.unwrap_or_default(),
        metadata: call.object("metadata")?,
        body,
        created_by: call.text("createdBy")?,
        change_reason: call.text("changeReason")?,
    };
    Ok(AddEntry { id: None, draft })
}

/// The entries that a new one takes the place of.
pub(super) fn supersedes(call: &mut Arguments) -> Result<Vec<Id>, Refusal> {
    Ok(match call.has("supersedes") {
        true => call.ids("supersedes", limits::SUPERSEDES_MAX)?,
        false => Vec::new(),
    })
}

fn update(call: &mut Arguments, shape: &Shape) -> Result<UpdateEntry, Refusal> {
    Ok(UpdateEntry {
        id: call.required("id", Arguments::id)?,
        expected_version: call.integer("expectedVersion", 1..=u32::MAX)?,
        patch: EntryPatch {
            name: call.text(shape.kind.name_field())?,
            category: call.change("category", Arguments::text)?,
            tags: call.texts("tags")?,
            metadata: call.change("metadata", Arguments::object)?,
            body: (shape.patch)(call)?,
            updated_by: call.text("updatedBy")?,
            change_reason: call.text("changeReason")?,
        },
    })
}

fn get(call: &mut Arguments, scopes: &Scopes, kind: EntryKind) -> Result<GetEntry, Refusal> {
    let selector = match call.id("id")? {
        Some(id) => EntrySelector::Id(id),
        None => {
            let name = call.text(kind.name_field())?;
            let Some(name) = name else {
                return Err(call.missing(&format!("id or {}", kind.name_field())));
            };
            EntrySelector::Name {
                name,
                scope: scopes.to_read(call)?,
                inherit: call.flag("inherit")?.unwrap_or(true),
            }
        }
    };
    Ok(GetEntry { kind, selector, include_inactive: call.flag("includeInactive")?.unwrap_or(false) })
}

fn list(call: &mut Arguments, scopes: &Scopes, kind: EntryKind) -> Result<ListEntries, Refusal> {
    let (limit, offset) = page(call)?;
    Ok(ListEntries {
        kind,
        scope: Some(scopes.to_read(call)?),
        inherit: call.flag("inherit")?.unwrap_or(true),
        include_inactive: call.flag("includeInactive")?.unwrap_or(false),
        category: call.text("category")?,
        limit,
        offset,
    })
}

/// The scope, author and reason given beside `entries` hold for every entry that names none.
fn bulk_add(call: &mut Arguments, scopes: &Scopes, shape: &Shape) -> Result<Request, Refusal> {
    let shared = scopes.given(call, "scopeType", "scopeId")?;
    let created_by = call.text("createdBy")?;
    let change_reason = call.text("changeReason")?;
    let mut entries = Vec::new();
    for mut item in call.items("entries", shape.item_parameters, limits::BULK_ITEMS_MAX)? {
        let mut entry = add(&mut item, scopes, shared, shape)?;
        entry.draft.created_by = entry.draft.created_by.or_else(|| created_by.clone());
        entry.draft.change_reason = entry.draft.change_reason.or_else(|| change_reason.clone());
        entries.push(entry);
        call.give_back(item);
    }
    Ok(Request::BulkAddEntries(BulkAddEntries { entries }))
}

fn bulk_update(call: &mut Arguments, shape: &Shape) -> Result<Request, Refusal> {
    let updated_by = call.text("updatedBy")?;
    let change_reason = call.text("changeReason")?;
    let mut updates = Vec::new();
    for mut item in call.items("updates", shape.item_parameters, limits::BULK_ITEMS_MAX)? {
        let mut update = update(&mut item, shape)?;
        update.patch.updated_by = update.patch.updated_by.or_else(|| updated_by.clone());
        update.patch.change_reason = update.patch.change_reason.or_else(|| change_reason.clone());
        updates.push(update);
        call.give_back(item);
    }
    Ok(Request::BulkUpdateEntries(BulkUpdateEntries { updates }))
}

fn bulk_delete(call: &mut Arguments, kind: EntryKind) -> Result<Request, Refusal> {
    let ids = call.ids("ids", limits::BULK_ITEMS_MAX)?;
    Ok(Request::BulkDeleteEntries(BulkDeleteEntries { kind, ids }))
}
