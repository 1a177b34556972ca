//! Relations, and what is related to hits.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    model::{Node, Relation},
    response::{ListedRelation, RelatedHit, RelatedSearchPage, RelationCreated, RelationEnd, RelationPage},
};

use super::{RECALLED, list, part, provenance, quote, search};
use crate::mcp::names::Names;

pub(super) fn created(created: &RelationCreated) -> String {
    let what = if created.existed { "There already" } else { "Created" };
    format!("{what}: {}", line(&created.relation))
}

pub(super) fn deleted(relation: &Relation) -> String {
    format!("Deleted: {}", line(relation))
}

fn line(relation: &Relation) -> String {
    let node = |node: Node| format!("{} {}", node.kind, node.id);
    let (source, target) = (node(relation.source), node(relation.target));
    format!("{source} {} {target} (id {})", relation.kind, relation.id)
}

pub(super) fn page(page: &RelationPage, names: &Names) -> String {
    let heading = format!("{RECALLED} {} relations:", page.relations.len());
    list("No relations.", &heading, &page.relations, page.has_more, |out, one| listed(out, one, names))
}

fn listed(out: &mut String, listed: &ListedRelation, names: &Names) {
    let relation = &listed.relation;
    end(out, relation.source, &listed.source, names);
    let _ = write!(out, " {} ", relation.kind);
    end(out, relation.target, &listed.target, names);
    let _ = write!(out, " · relation {}", relation.id);
    part(out, "", relation.metadata.as_ref().map(|metadata| metadata.0.as_str()));
    provenance(out, relation.created_by.as_deref(), relation.created_at_ms);
}

fn end(out: &mut String, node: Node, end: &RelationEnd, names: &Names) {
    let _ = write!(out, "{} {:?} (id {}, {})", node.kind, end.name, node.id, names.label(end.scope));
}

/// Hits, best first, and what is related to them.
pub(super) fn found(request: &Request, found: &RelatedSearchPage, names: &Names) -> String {
    let mut out = search::page(request, &found.page, names);
    if !found.related.is_empty() {
        let _ = write!(out, "\n{RECALLED} {} more are related to these:", found.related.len());
    }
    for RelatedHit { hit, from, kind, is_target, distance } in &found.related {
        out.push('\n');
        search::line(&mut out, hit, names);
        let way = if *is_target { format!("{kind} from {from}") } else { format!("{kind} to {from}") };
        let _ = write!(out, " · {way}");
        if *distance > 1 {
            let _ = write!(out, " over {distance} relations");
        }
        quote(&mut out, &hit.snippet);
    }
    if found.is_cut {
        out.push_str("\nMore is related than was looked at: raise maxResults, or narrow the relation.");
    }
    out
}
