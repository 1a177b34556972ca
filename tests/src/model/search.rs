//! Searches for words that are their own stems. Which entries are found is predicted, and what is said
//! of each; the order of relevance and the snippets are not.

use agent_memory_proto::{
    Response,
    model::{Entry, EntryBody},
    request::Search,
    response::{Hit, SearchPage},
};

use super::{Model, Predicted, check_page, lists::priority};

impl Model {
    /// Every hit on one page; without words in the order of the latest change.
    pub(super) fn search(&self, request: &Search) -> Predicted {
        check_page(request.limit, request.offset)?;
        let scopes = self.looked_at(request.scope, request.inherit)?;
        let mut terms: Vec<String> = Vec::new();
        for word in request.query.split_whitespace() {
            if !terms.iter().any(|known| known == word) {
                terms.push(word.to_owned());
            }
        }
        let is_hit = |entry: &&Entry| {
            self.is_looked_at(entry, scopes.as_deref())
                && passes(entry, request)
                && (terms.is_empty() || words(entry).iter().any(|word| terms.contains(word)))
                && (request.include_inactive
                    || (entry.is_active && is_valid(entry) && !self.is_overridden(entry, scopes.as_deref())))
        };
        let mut found: Vec<&Entry> = self.entries.values().map(|kept| &kept.entry).filter(is_hit).collect();
        found.sort_by_key(|entry| (std::cmp::Reverse(entry.updated_at_ms), entry.id));
        let hits = found.into_iter().map(hit).collect();
        Ok(Response::SearchPage(SearchPage { hits, next_cursor: None, terms, ignored_terms: 0 }))
    }
}

fn passes(entry: &Entry, request: &Search) -> bool {
    let has = |tag: &String| entry.tags.contains(tag);
    let tags = &request.tags;
    (request.kinds.is_empty() || request.kinds.contains(&entry.kind()))
        && request.category.as_ref().is_none_or(|one| entry.category.as_ref() == Some(one))
        && request.created_by.as_ref().is_none_or(|one| entry.created_by.as_ref() == Some(one))
        && priority(entry).is_none_or(|priority| {
            request.priority_min.is_none_or(|least| priority >= least)
                && request.priority_max.is_none_or(|most| priority <= most)
        })
        && (tags.include.is_empty() || tags.include.iter().any(has))
        && tags.require.iter().all(has)
        && !tags.exclude.iter().any(has)
}

/// Knowledge whose time is over, or that was replaced, is not. Times lie centuries away.
fn is_valid(entry: &Entry) -> bool {
    match &entry.version.body {
        EntryBody::Knowledge { valid_from_ms, valid_until_ms, invalidated_by, .. } => {
            invalidated_by.is_none()
                && valid_from_ms.is_none_or(|from| from <= entry.updated_at_ms)
                && valid_until_ms.is_none_or(|until| until > entry.updated_at_ms)
        }
        EntryBody::Guideline { .. } | EntryBody::Tool { .. } => true,
    }
}

/// Every word of an entry.
fn words(entry: &Entry) -> Vec<String> {
    let mut texts = vec![entry.name.as_str(), entry.version.body.text()];
    texts.extend(entry.tags.iter().map(String::as_str));
    texts.extend(entry.category.as_deref());
    match &entry.version.body {
        EntryBody::Guideline { rationale, .. } => texts.extend(rationale.as_deref()),
        EntryBody::Knowledge { source, .. } => texts.extend(source.as_deref()),
        EntryBody::Tool { constraints, .. } => texts.extend(constraints.as_deref()),
    }
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect()
    };
    texts.into_iter().flat_map(split).collect()
}

fn hit(entry: &Entry) -> Hit {
    Hit {
        id: entry.id,
        kind: entry.kind(),
        name: entry.name.clone(),
        snippet: String::new(),
        score: 0.0,
        scope: entry.scope,
        category: entry.category.clone(),
        tags: entry.tags.clone(),
        updated_at_ms: entry.updated_at_ms,
        created_by: entry.created_by.clone(),
        version: entry.version.number,
        is_active: entry.is_active,
        priority: priority(entry),
    }
}
