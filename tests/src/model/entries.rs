//! Entries: add, update, hide, remove, one by one and in bulk; read by id or name, with their versions.

use agent_memory_proto::{
    ErrorCode, Response, limits,
    model::{BodyPatch, Entry, EntryBody, EntryKind, Id, Json, ScopeRef, Version},
    request::{
        AddEntry, BulkAddEntries, BulkDeleteEntries, BulkUpdateEntries, DeactivateEntry, DeleteEntry,
        EntryDraft, EntryHistory, EntryPatch, EntrySelector, GetEntry, UpdateEntry,
    },
    response::{History, WriteAction, Written},
};

use super::{Kept, Model, NOT_SEEN, Predicted, Refusal, check_page, page, refuse, seen::Seen};

/// Two changes of different agents within this time are a conflict, in milliseconds.
const CONFLICT_WINDOW_MS: i64 = 5_000;

impl Model {
    pub(super) fn add_entry(&mut self, request: &AddEntry, agent: &str, seen: &Seen) -> Predicted {
        check_draft(&request.draft)?;
        Ok(Response::Written(self.add(request, agent, seen)?))
    }

    pub(super) fn bulk_add(&mut self, request: &BulkAddEntries, agent: &str, seen: &Seen) -> Predicted {
        all_or_none(
            self,
            "entries",
            &request.entries,
            |add| check_draft(&add.draft),
            |model, add| model.add(add, agent, seen),
        )
    }

    pub(super) fn update_entry(&mut self, request: &UpdateEntry, agent: &str, seen: &Seen) -> Predicted {
        check_patch(&request.patch)?;
        Ok(Response::Written(self.update(request, agent, seen)?))
    }

    pub(super) fn bulk_update(&mut self, request: &BulkUpdateEntries, agent: &str, seen: &Seen) -> Predicted {
        all_or_none(
            self,
            "updates",
            &request.updates,
            |update| check_patch(&update.patch),
            |model, update| model.update(update, agent, seen),
        )
    }

    pub(super) fn delete_entry(&mut self, request: &DeleteEntry, seen: &Seen) -> Predicted {
        Ok(Response::Written(self.delete(request.kind, request.id, seen)?))
    }

    pub(super) fn bulk_delete(&mut self, request: &BulkDeleteEntries, seen: &Seen) -> Predicted {
        all_or_none(self, "ids", &request.ids, |_| Ok(()), |model, id| model.delete(request.kind, *id, seen))
    }

    /// Adds an entry whose fields are right.
    pub(super) fn add(&mut self, request: &AddEntry, agent: &str, seen: &Seen) -> Result<Written, Refusal> {
        let draft = &request.draft;
        let (kind, id) = (draft.body.kind(), request.id.or(seen.id).unwrap_or(NOT_SEEN));
        self.chain(draft.scope)?;
        self.require_name_free(draft.scope, kind, &draft.name, id)?;
        if self.entries.contains_key(&id) {
            return refuse(ErrorCode::AlreadyExists, "id");
        }
        let by = Some(draft.created_by.clone().unwrap_or_else(|| agent.to_owned()));
        let entry = Entry {
            id,
            scope: draft.scope,
            name: draft.name.clone(),
            category: draft.category.clone().or_else(|| default_category(kind)),
            tags: sorted(&draft.tags),
            metadata: draft.metadata.as_ref().map(compact),
            is_active: true,
            created_at_ms: seen.at_ms,
            created_by: by.clone(),
            updated_at_ms: seen.at_ms,
            updated_by: by.clone(),
            version: Version {
                id: NOT_SEEN,
                number: 1,
                body: draft.body.clone(),
                created_at_ms: seen.at_ms,
                created_by: by,
                change_reason: draft.change_reason.clone(),
                conflict: false,
            },
        };
        let written = written(&entry, WriteAction::Added, seen);
        self.entries.insert(id, Kept { entry, earlier: Vec::new() });
        Ok(written)
    }

    fn update(&mut self, request: &UpdateEntry, agent: &str, seen: &Seen) -> Result<Written, Refusal> {
        let (kind, patch) = (request.patch.body.kind(), &request.patch);
        let old = self.entry(kind, request.id)?;
        if request.expected_version.is_some_and(|expected| expected != old.version.number) {
            return refuse(ErrorCode::Conflict, "expectedVersion");
        }
        let by = Some(patch.updated_by.clone().unwrap_or_else(|| agent.to_owned()));
        let mut new = self.next(&old, by, patch.change_reason.clone(), seen);
        new.name = patch.name.clone().unwrap_or(new.name);
        new.category = patch.category.clone().unwrap_or(new.category);
        new.tags = patch.tags.as_deref().map_or(new.tags, sorted);
        new.metadata =
            patch.metadata.as_ref().map_or(new.metadata, |metadata| metadata.as_ref().map(compact));
        new.version.body = patched(new.version.body, &patch.body);
        // The first version is no change: nobody else can have known the entry before it.
        new.version.conflict = request.expected_version.is_none()
            && old.version.number > 1
            && old.version.created_by != new.version.created_by
            && seen.at_ms - old.version.created_at_ms <= CONFLICT_WINDOW_MS;
        self.require_name_free(new.scope, kind, &new.name, new.id)?;
        Ok(self.replace(new, WriteAction::Updated, seen))
    }

    pub(super) fn deactivate_entry(
        &mut self,
        request: &DeactivateEntry,
        agent: &str,
        seen: &Seen,
    ) -> Predicted {
        let old = self.entry(request.kind, request.id)?;
        if !old.is_active {
            return Ok(Response::Written(written(&old, WriteAction::Deactivated, seen)));
        }
        let by = Some(request.updated_by.clone().unwrap_or_else(|| agent.to_owned()));
        let mut new = self.next(&old, by, request.change_reason.clone(), seen);
        new.is_active = false;
        Ok(Response::Written(self.replace(new, WriteAction::Deactivated, seen)))
    }

    fn delete(&mut self, kind: EntryKind, id: Id, seen: &Seen) -> Result<Written, Refusal> {
        let entry = self.entry(kind, id)?;
        self.entries.remove(&id);
        Ok(written(&entry, WriteAction::Deleted, seen))
    }

    /// The entry as it will stand, but for what is to change.
    fn next(&self, old: &Entry, by: Option<String>, change_reason: Option<String>, seen: &Seen) -> Entry {
        let mut new = old.clone();
        new.updated_at_ms = seen.at_ms;
        new.updated_by.clone_from(&by);
        new.version = Version {
            id: NOT_SEEN,
            number: old.version.number + 1,
            body: old.version.body.clone(),
            created_at_ms: seen.at_ms,
            created_by: by,
            change_reason,
            conflict: false,
        };
        new
    }

    fn replace(&mut self, new: Entry, action: WriteAction, seen: &Seen) -> Written {
        let written = written(&new, action, seen);
        if let Some(kept) = self.entries.get_mut(&new.id) {
            kept.earlier.push(kept.entry.version.clone());
            kept.entry = new;
        }
        written
    }

    fn entry(&self, kind: EntryKind, id: Id) -> Result<Entry, Refusal> {
        match self.entries.get(&id) {
            Some(kept) if kept.entry.kind() == kind => Ok(kept.entry.clone()),
            _ => refuse(ErrorCode::NotFound, "id"),
        }
    }

    /// The current version of an entry.
    pub(super) fn version(&self, id: Id) -> Option<u32> {
        self.entries.get(&id).map(|kept| kept.entry.version.number)
    }

    /// The entry of that name in one scope, hidden or not.
    pub(super) fn named(&self, scope: ScopeRef, kind: EntryKind, name: &str) -> Option<&Entry> {
        let mut entries = self.entries.values().map(|kept| &kept.entry);
        entries.find(|entry| entry.scope == scope && entry.kind() == kind && entry.name == name)
    }

    fn require_name_free(&self, scope: ScopeRef, kind: EntryKind, name: &str, id: Id) -> Result<(), Refusal> {
        match self.named(scope, kind, name) {
            Some(other) if other.id != id => refuse(ErrorCode::AlreadyExists, kind.name_field()),
            _ => Ok(()),
        }
    }

    pub(super) fn get_entry(&self, request: &GetEntry) -> Predicted {
        let kind = request.kind;
        match &request.selector {
            EntrySelector::Id(id) => Ok(Response::Entry(Box::new(self.entry(kind, *id)?))),
            EntrySelector::Name { name, scope, inherit } => {
                check_name(kind, name)?;
                let scopes = self.looked_at(Some(*scope), *inherit)?.unwrap_or_default();
                let found = scopes.iter().find_map(|scope| {
                    self.named(*scope, kind, name).filter(|entry| entry.is_active || request.include_inactive)
                });
                match found {
                    Some(entry) => Ok(Response::Entry(Box::new(entry.clone()))),
                    None => refuse(ErrorCode::NotFound, kind.name_field()),
                }
            }
        }
    }

    pub(super) fn entry_history(&self, request: &EntryHistory) -> Predicted {
        check_page(request.limit, request.offset)?;
        let current = self.entry(request.kind, request.id)?.version;
        let earlier = self.entries[&request.id].earlier.iter().rev().cloned();
        let versions = std::iter::once(current).chain(earlier).collect();
        let (versions, has_more) = page(versions, request.limit, request.offset)?;
        Ok(Response::History(History { entry_id: request.id, kind: request.kind, versions, has_more }))
    }
}

/// Checks every item, then applies every one; the first that is refused refuses all.
fn all_or_none<T>(
    model: &mut Model,
    list: &str,
    items: &[T],
    check: impl Fn(&T) -> Result<(), Refusal>,
    apply: impl Fn(&mut Model, &T) -> Result<Written, Refusal>,
) -> Predicted {
    if items.is_empty() {
        return refuse(ErrorCode::MissingField, list);
    }
    let at = |position: usize, refusal: Refusal| Refusal {
        field: format!("{list}[{position}].{}", refusal.field),
        ..refusal
    };
    for (position, item) in items.iter().enumerate() {
        check(item).map_err(|refusal| at(position, refusal))?;
    }
    let before = model.entries.clone();
    let mut written = Vec::new();
    for (position, item) in items.iter().enumerate() {
        match apply(model, item) {
            Ok(one) => written.push(one),
            Err(refusal) => {
                model.entries = before;
                return Err(at(position, refusal));
            }
        }
    }
    Ok(Response::BulkWritten(written))
}

pub(super) fn written(entry: &Entry, action: WriteAction, seen: &Seen) -> Written {
    Written {
        action,
        id: entry.id,
        kind: entry.kind(),
        scope: entry.scope,
        name: entry.name.clone(),
        version: entry.version.number,
        at_ms: seen.at_ms,
        conflict: entry.version.conflict,
    }
}

fn check_name(kind: EntryKind, name: &str) -> Result<(), Refusal> {
    let chars_max =
        if kind == EntryKind::Knowledge { limits::TITLE_CHARS_MAX } else { limits::NAME_CHARS_MAX };
    if name.is_empty() {
        refuse(ErrorCode::MissingField, kind.name_field())
    } else if name.trim().is_empty() || name.chars().count() > chars_max {
        refuse(ErrorCode::InvalidParameter, kind.name_field())
    } else {
        Ok(())
    }
}

fn check_category(kind: EntryKind, category: Option<&str>) -> Result<(), Refusal> {
    let is_right = match (kind, category) {
        (_, None) | (EntryKind::Guideline, _) => true,
        (EntryKind::Knowledge, Some(one)) => ["decision", "fact", "context", "reference"].contains(&one),
        (EntryKind::Tool, Some(one)) => ["mcp", "cli", "function", "api"].contains(&one),
    };
    if is_right { Ok(()) } else { refuse(ErrorCode::InvalidParameter, "category") }
}

fn check_draft(draft: &EntryDraft) -> Result<(), Refusal> {
    let kind = draft.body.kind();
    check_name(kind, &draft.name)?;
    check_category(kind, draft.category.as_deref())?;
    match &draft.body {
        EntryBody::Guideline { priority, .. } if *priority > limits::PRIORITY_MAX => {
            return refuse(ErrorCode::InvalidParameter, "priority");
        }
        EntryBody::Knowledge { confidence, .. } if !(0.0..=1.0).contains(confidence) => {
            return refuse(ErrorCode::InvalidParameter, "confidence");
        }
        _ => {}
    }
    Ok(())
}

fn check_patch(patch: &EntryPatch) -> Result<(), Refusal> {
    let kind = patch.body.kind();
    if let Some(name) = &patch.name {
        check_name(kind, name)?;
    }
    check_category(kind, patch.category.iter().flatten().next().map(String::as_str))
}

fn default_category(kind: EntryKind) -> Option<String> {
    match kind {
        EntryKind::Guideline => None,
        EntryKind::Knowledge => Some("fact".to_owned()),
        EntryKind::Tool => Some("cli".to_owned()),
    }
}

fn sorted(tags: &[String]) -> Vec<String> {
    let mut tags = tags.to_vec();
    tags.sort_unstable();
    tags.dedup();
    tags
}

fn compact(json: &Json) -> Json {
    Json::from(&json.value())
}

/// A body with the changes that the steps make: to its text, and to what ranks or ends it.
fn patched(body: EntryBody, patch: &BodyPatch) -> EntryBody {
    let mut body = body;
    match (&mut body, patch) {
        (
            EntryBody::Guideline { content, priority, rationale, .. },
            BodyPatch::Guideline { content: new, priority: ranked, rationale: why, .. },
        ) => {
            new.iter().for_each(|new| content.clone_from(new));
            ranked.iter().for_each(|new| *priority = *new);
            why.iter().for_each(|new| rationale.clone_from(new));
        }
        (
            EntryBody::Knowledge { content, confidence, valid_until_ms, invalidated_by, .. },
            BodyPatch::Knowledge {
                content: new,
                confidence: sure,
                valid_until_ms: until,
                invalidated_by: by,
                ..
            },
        ) => {
            new.iter().for_each(|new| content.clone_from(new));
            sure.iter().for_each(|new| *confidence = *new);
            until.iter().for_each(|new| *valid_until_ms = *new);
            by.iter().for_each(|new| *invalidated_by = *new);
        }
        (
            EntryBody::Tool { description, constraints, .. },
            BodyPatch::Tool { description: new, constraints: bounds, .. },
        ) => {
            new.iter().for_each(|new| description.clone_from(new));
            bounds.iter().for_each(|new| constraints.clone_from(new));
        }
        _ => unreachable!("an entry is looked up by the kind of its patch"),
    }
    body
}
