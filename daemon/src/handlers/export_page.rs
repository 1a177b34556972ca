//! Read a page of an export: first the scopes, then the entries by kind and id.

use agent_memory_proto::{
    ErrorBody, Response, limits,
    model::{EntryKind, Id, PermissionLevel, ScopeLevel},
    request::ExportPage,
    response::ExportedPage,
};

use super::{Call, Handled, checks};
use crate::store::{ExportQuery, ExportedEntries};

/// Scopes of one page.
const SCOPES_PAGE: u32 = 500;
/// The kinds, in the order of the original system's exports.
const KINDS: [EntryKind; 3] = [EntryKind::Tool, EntryKind::Guideline, EntryKind::Knowledge];
const LEVELS: [ScopeLevel; 3] = [ScopeLevel::Org, ScopeLevel::Project, ScopeLevel::Session];

/// Where a page begins: in which list, after which id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) list: usize,
    pub(super) after: Option<Id>,
}

impl Place {
    /// The place of a cursor into so many lists; the beginning without one.
    pub(super) fn of(cursor: Option<&String>, lists: usize) -> Result<Self, ErrorBody> {
        let Some(cursor) = cursor else { return Ok(Self { list: 0, after: None }) };
        let (list, after) = match cursor.split_once('.') {
            Some((list, id)) => (list, Some(id.parse::<Id>().ok())),
            None => (cursor.as_str(), None),
        };
        match (list.parse().ok().filter(|list| *list < lists), after) {
            (Some(list), None) => Ok(Self { list, after: None }),
            (Some(list), Some(Some(after))) => Ok(Self { list, after: Some(after) }),
            _ => Err(ErrorBody::invalid("cursor", cursor, "a nextCursor of an earlier answer, unchanged")),
        }
    }

    pub(super) fn text(self) -> String {
        match self.after {
            Some(id) => format!("{}.{id}", self.list),
            None => self.list.to_string(),
        }
    }
}

/// The tags that an export is narrowed to.
pub(super) fn checked_tags(tags: Vec<String>) -> Result<Vec<String>, ErrorBody> {
    let tags = checks::tags("tags", tags)?;
    if tags.len() > limits::TAGS_MAX {
        return Err(ErrorBody::invalid("tags", tags.len(), format!("at most {} tags", limits::TAGS_MAX)));
    }
    Ok(tags)
}

pub(super) async fn handle(call: Call, request: ExportPage) -> Handled {
    let tags = checked_tags(request.tags.clone())?;
    let place = Place::of(request.cursor.as_ref(), LEVELS.len() + KINDS.len())?;
    let mut page = ExportedPage {
        scopes: Vec::new(),
        entries: Vec::new(),
        next_cursor: None,
        entries_in_store: None,
        changed_at_ms: None,
    };
    if request.cursor.is_none() {
        if let Some(scope) = request.scope {
            call.scopes(scope, false).await?;
        }
        let (entries, changed_at_ms) = totals(&call, &request).await?;
        page.entries_in_store = Some(entries);
        page.changed_at_ms = changed_at_ms;
    }
    let next = match LEVELS.get(place.list) {
        Some(level) => scopes(&call, &request, *level, place, &mut page).await?,
        None => entries(&call, &request, &tags, place, &mut page).await?,
    };
    page.next_cursor = next.map(Place::text);
    Ok(Response::Exported(Box::new(page)).into())
}

/// How many entries are stored, and when the latest of them changed: of what may be read.
async fn totals(call: &Call, request: &ExportPage) -> Result<(u64, Option<i64>), ErrorBody> {
    let transfer = &call.services.store.transfer;
    if call.rights.reads_everything() {
        return Ok(transfer.export_totals(query(request, None, None)).await?);
    }
    let (mut entries, mut changed_at_ms) = (0, None);
    for kind in KINDS.into_iter().filter(|kind| request.kinds.is_empty() || request.kinds.contains(kind)) {
        let (of_kind, changed) = transfer.export_totals(query(request, Some(kind), None)).await?;
        entries += of_kind;
        changed_at_ms = changed_at_ms.max(changed);
    }
    Ok((entries, changed_at_ms))
}

/// All scopes of a level, or those that the exported scope belongs to.
async fn scopes(
    call: &Call,
    request: &ExportPage,
    level: ScopeLevel,
    place: Place,
    page: &mut ExportedPage,
) -> Result<Option<Place>, ErrorBody> {
    let transfer = &call.services.store.transfer;
    let next_list = Some(Place { list: place.list + 1, after: None });
    let only = match request.scope {
        None => None,
        Some(scope) => {
            let chain = call.scopes(scope, true).await?;
            match chain.iter().find(|scope| scope.level == level) {
                Some(scope) => scope.id,
                None => return Ok(next_list),
            }
        }
    };
    let found = transfer.export_scopes(level, only, place.after, SCOPES_PAGE).await?;
    let is_full = only.is_none() && found.len() == usize::try_from(SCOPES_PAGE).unwrap_or(usize::MAX);
    let last = found.last().and_then(|scope| scope.scope().id);
    for scope in found {
        if call.may(scope.scope(), None, PermissionLevel::Read).await? {
            page.scopes.push(scope);
        }
    }
    Ok(if is_full { Some(Place { list: place.list, after: last }) } else { next_list })
}

/// Entries of a kind; those without one of the tags are read and left out.
async fn entries(
    call: &Call,
    request: &ExportPage,
    tags: &[String],
    place: Place,
    page: &mut ExportedPage,
) -> Result<Option<Place>, ErrorBody> {
    let index = place.list - LEVELS.len();
    let Some(kind) = KINDS.get(index).copied() else { return Ok(None) };
    let next_list = (index + 1 < KINDS.len()).then_some(Place { list: place.list + 1, after: None });
    if !request.kinds.is_empty() && !request.kinds.contains(&kind) {
        return Ok(next_list);
    }
    let query = query(request, Some(kind), place.after);
    let ExportedEntries { mut entries, has_more } =
        call.services.store.transfer.export_entries(query).await?;
    let last = entries.last().and_then(|entry| entry.id);
    if !tags.is_empty() {
        entries.retain(|entry| entry.tags.iter().any(|tag| tags.contains(tag)));
    }
    page.entries = entries;
    Ok(if has_more { Some(Place { list: place.list, after: last }) } else { next_list })
}

fn query(request: &ExportPage, kind: Option<EntryKind>, after: Option<Id>) -> ExportQuery {
    ExportQuery {
        kind,
        scope: request.scope,
        include_inactive: request.include_inactive,
        include_versions: request.include_versions,
        after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        for place in [Place { list: 0, after: None }, Place { list: 5, after: Some(Id([7; 16])) }] {
            assert_eq!(Place::of(Some(&place.text()), 6), Ok(place));
        }
        for wrong in ["", "6", "x", "1.", "1.x", "-1"] {
            assert!(Place::of(Some(&wrong.to_owned()), 6).is_err(), "{wrong:?}");
        }
    }
}
