//! Hits of a search.

use std::fmt::Write as _;

use agent_memory_proto::{
    Request,
    request::Search,
    response::{Hit, SearchPage},
};

use super::{RECALLED, part, provenance, quote, tags};
use crate::mcp::names::Names;

/// A page of hits, best first.
pub(super) fn page(request: &Request, page: &SearchPage, names: &Names) -> String {
    let place = place(request, names);
    if page.hits.is_empty() {
        return format!("Nothing found in {place}.{}", advice(request));
    }
    let mut out = format!("{RECALLED} {} found in {place}, best first:", page.hits.len());
    for hit in &page.hits {
        out.push('\n');
        line(&mut out, hit, names);
        quote(&mut out, &hit.snippet);
    }
    if page.ignored_terms > 0 {
        let _ = write!(out, "\n{} words of the query were left out: it has too many.", page.ignored_terms);
    }
    if let Some(cursor) = &page.next_cursor {
        let _ = write!(out, "\nMore follow: cursor {cursor:?}");
    }
    out.push_str("\nWhole texts: action get with the id.");
    out
}

pub(super) fn line(out: &mut String, hit: &Hit, names: &Names) {
    let _ = write!(out, "- {} {:?} (id {}, version {})", hit.kind, hit.name, hit.id, hit.version);
    part(out, "", Some(&names.label(hit.scope)));
    if let Some(priority) = hit.priority {
        let _ = write!(out, " · priority {priority}");
    }
    part(out, "", hit.category.as_deref());
    tags(out, &hit.tags);
    provenance(out, hit.created_by.as_deref(), hit.updated_at_ms);
    if !hit.is_active {
        out.push_str(" · deactivated");
    }
}

fn place(request: &Request, names: &Names) -> String {
    let Some(search) = search_of(request) else { return "memory".to_owned() };
    match search.scope {
        None => "every scope".to_owned(),
        Some(scope) if search.inherit && scope.id.is_some() => {
            format!("{} and the scopes around it", names.label(scope))
        }
        Some(scope) => names.label(scope),
    }
}

fn advice(request: &Request) -> &'static str {
    match search_of(request) {
        Some(search) if search.scope.is_some_and(|scope| scope.id.is_none()) => {
            " Only what is global was searched; for a project call memory_quickstart, or give scopeType and scopeId."
        }
        Some(_) => " Try other words, fewer filters, or a prefix*.",
        None => "",
    }
}

const fn search_of(request: &Request) -> Option<&Search> {
    match request {
        Request::Search(search) => Some(search),
        Request::SearchRelated(related) => Some(&related.search),
        _ => None,
    }
}
