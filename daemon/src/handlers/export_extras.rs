//! Read a page of what is exported beside the entries: tags, then tasks, then relations, by id.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{ExtraKind, Id, Node, PermissionLevel::Read, PortableExtra, ScopeRef},
    request::{ExportExtras, ExportPage},
    response::ExportedExtras,
};

use super::{
    Call, Handled,
    export_page::{Place, checked_tags},
};
use crate::store::{ExportedRelation, ExtrasQuery};

/// Tags and relations of one page.
const PAGE: u32 = 500;
/// A page of relations ends with the one that makes it as large as this.
const PAGE_BYTES: usize = 1024 * 1024;

pub(super) async fn handle(call: Call, request: ExportExtras) -> Handled {
    let ExportExtras { page: mut filters, with_tasks } = request;
    filters.tags = checked_tags(filters.tags)?;
    let place = Place::of(filters.cursor.as_ref(), ExtraKind::ALL.len())?;
    let mut page =
        ExportedExtras { extras: Vec::new(), next_cursor: None, relations_left_out: 0, not_carried: None };
    let last = match ExtraKind::ALL[place.list] {
        ExtraKind::Tag => tags(&call, &filters, place.after, &mut page).await?,
        ExtraKind::Task if with_tasks => tasks(&call, &filters, place.after, &mut page).await?,
        ExtraKind::Task => None,
        ExtraKind::Relation => relations(&call, &filters, place.after, &mut page).await?,
    };
    let next = match last {
        Some(last) => Some(Place { list: place.list, after: Some(last) }),
        None => Some(place.list + 1)
            .filter(|list| *list < ExtraKind::ALL.len())
            .map(|list| Place { list, after: None }),
    };
    page.next_cursor = next.map(Place::text);
    if next.is_none() && call.rights.reads_everything() && !query(&filters, None).is_narrowed() {
        page.not_carried = Some(call.services.store.transfer.not_carried().await?);
    }
    Ok(Response::ExportedExtras(Box::new(page)).into())
}

fn query(filters: &ExportPage, after: Option<Id>) -> ExtrasQuery {
    ExtrasQuery {
        kinds: filters.kinds.clone(),
        scope: filters.scope,
        tags: filters.tags.clone(),
        include_inactive: filters.include_inactive,
        include_versions: filters.include_versions,
        after,
    }
}

/// The id after which more follows, if more does.
fn last_of(extras: &[PortableExtra]) -> Option<Id> {
    extras.last().filter(|_| extras.len() >= PAGE as usize).map(PortableExtra::id)
}

async fn tags(
    call: &Call,
    filters: &ExportPage,
    after: Option<Id>,
    page: &mut ExportedExtras,
) -> Result<Option<Id>, ErrorBody> {
    let found = call.services.store.transfer.export_tags(query(filters, after), PAGE).await?;
    page.extras = found.into_iter().map(PortableExtra::Tag).collect();
    Ok(last_of(&page.extras))
}

async fn tasks(
    call: &Call,
    filters: &ExportPage,
    after: Option<Id>,
    page: &mut ExportedExtras,
) -> Result<Option<Id>, ErrorBody> {
    let (found, has_more) = call.services.store.transfer.export_tasks(query(filters, after)).await?;
    let last = found.last().map(|task| task.task.id).filter(|_| has_more);
    for mut task in found {
        let tags = &task.task.details.tags;
        let is_wanted = filters.tags.is_empty() || tags.iter().any(|tag| filters.tags.contains(tag));
        if is_wanted && call.may(task.task.scope, None, Read).await? {
            task.task.open_blockers.clear();
            page.extras.push(PortableExtra::Task(Box::new(task)));
        }
    }
    Ok(last)
}

/// Relations that have both ends in the export. Those that have one there are counted, as far as the other may be
/// known of.
async fn relations(
    call: &Call,
    filters: &ExportPage,
    after: Option<Id>,
    page: &mut ExportedExtras,
) -> Result<Option<Id>, ErrorBody> {
    let chain = match filters.scope {
        Some(scope) => call.scopes(scope, true).await?.to_vec(),
        None => Vec::new(),
    };
    let transfer = &call.services.store.transfer;
    let found = transfer.export_relations(after, filters.tags.clone(), PAGE).await?;
    let is_full = found.len() >= PAGE as usize;
    let last = found.last().map(|relation| relation.listed.relation.id).filter(|_| is_full);
    let mut bytes = 0;
    for ExportedRelation { listed, are_active, are_tagged } in found {
        let relation = listed.relation;
        let mut are_in = [false; 2];
        let mut may_read = true;
        let ends = [(relation.source, listed.source.scope), (relation.target, listed.target.scope)];
        for (place, (node, scope)) in ends.into_iter().enumerate() {
            may_read &= call.may(scope, node.kind.entry(), Read).await?;
            are_in[place] = is_exported(filters, &chain, node, scope, (are_active[place], are_tagged[place]));
        }
        match are_in {
            _ if !may_read => {}
            [false, false] => {}
            [true, true] => {
                bytes += 200 + relation.metadata.as_ref().map_or(0, |json| json.0.len());
                let id = relation.id;
                page.extras.push(PortableExtra::Relation(relation));
                if bytes >= PAGE_BYTES {
                    return Ok(Some(id));
                }
            }
            [true, false] | [false, true] => page.relations_left_out += 1,
        }
    }
    Ok(last)
}

/// Whether an end is in the export: an entry that passes its filters, or a project that it describes.
fn is_exported(
    filters: &ExportPage,
    chain: &[ScopeRef],
    node: Node,
    scope: ScopeRef,
    (is_active, is_tagged): (bool, bool),
) -> bool {
    match node.kind.entry() {
        None => filters.scope.is_none() || chain.contains(&scope),
        Some(kind) => {
            (filters.kinds.is_empty() || filters.kinds.contains(&kind))
                && filters.scope.is_none_or(|wanted| wanted == scope)
                && (is_active || filters.include_inactive)
                && (filters.tags.is_empty() || is_tagged)
        }
    }
}
