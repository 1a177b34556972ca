//! Relations, and hits of a search along them, for people.

use agent_memory_client::times;
use agent_memory_proto::{
    model::{Project, Relation},
    response::{RelatedSearchPage, RelationCreated, RelationPage},
};

use super::{
    results::search_page,
    style::{Style, more, scope},
};

pub(crate) fn created(created: &RelationCreated) -> String {
    let what = if created.existed { "there already" } else { "created" };
    format!("{what}: {}", line(&created.relation))
}

pub(crate) fn deleted(relation: &Relation) -> String {
    format!("deleted: {}", line(relation))
}

fn line(relation: &Relation) -> String {
    format!("{} {} {} ({})", relation.source, relation.kind, relation.target, relation.id)
}

pub(crate) fn page(style: Style, page: &RelationPage) -> String {
    let rows = page.relations.iter().map(|listed| {
        let relation = &listed.relation;
        vec![
            relation.id.to_string(),
            format!("{} {}", relation.source.kind, listed.source.name),
            relation.kind.to_string(),
            format!("{} {}", relation.target.kind, listed.target.name),
            relation.created_by.clone().unwrap_or_default(),
            times::format(relation.created_at_ms),
        ]
    });
    style.table(&["id", "source", "relation", "target", "by", "created"], rows) + more(page.has_more)
}

/// Hits, best first, and what is related to them.
pub(crate) fn search(style: Style, found: &RelatedSearchPage, project: Option<&Project>) -> String {
    let mut lines = vec![search_page(style, &found.page, project)];
    if !found.related.is_empty() {
        lines.push(format!("\n{}", style.bold("related to these")));
    }
    for related in &found.related {
        let hit = &related.hit;
        lines.push(format!("{} {}", hit.kind, style.bold(&hit.name)));
        let way = if related.is_target { "from" } else { "to" };
        let about =
            format!("{} · {} {way} {} · {}", scope(hit.scope, project), related.kind, related.from, hit.id);
        lines.push(format!("  {}", style.dim(&about)));
        if !hit.snippet.is_empty() {
            lines.push(format!("  {}", hit.snippet));
        }
    }
    if found.is_cut {
        lines.push("more is related than was looked at".to_owned());
    }
    lines.join("\n")
}
