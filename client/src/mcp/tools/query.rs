//! memory_query: search, and the memory of a scope under a token budget.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, limits,
    model::{EntryKind, ScopeRef},
    request::{Direction, GetContext, RelatedTo, RelationWalk, Search, SearchRelated, TagFilter},
};
use serde_json::Value;

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, relation, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_query",
    actions: &["search", "context"],
    parameters: &[
        "action",
        "search",
        "types",
        "scopeType",
        "scopeId",
        "scope",
        "inherit",
        "limit",
        "offset",
        "cursor",
        "tags",
        "category",
        "priority",
        "createdBy",
        "createdAfter",
        "createdBefore",
        "updatedAfter",
        "updatedBefore",
        "atTime",
        "validDuring",
        "includeInactive",
        "budgetTokens",
        "project",
        "agentId",
        "useFts5",
        "includeVersions",
        "fields",
        "fuzzy",
        "semanticSearch",
        "semanticThreshold",
        "compact",
        "hierarchical",
        "mintoStyle",
        "explain",
        "relatedTo",
        "followRelations",
        "regex",
    ],
    uses_project: true,
    may_create_project: false,
    plan,
};

/// Ignoring one of these would answer another question than the one asked.
const UNSUPPORTED: &[(&str, &str)] =
    &[("regex", "Search for plain words, a \"phrase in quotes\" or a prefix* instead")];

fn plan(call: &mut Arguments, action: &str, scopes: &Scopes) -> Result<Request, Refusal> {
    for (name, instead) in UNSUPPORTED {
        refuse_unless_off(call, name, instead)?;
    }
    call.flag("useFts5")?;
    match action {
        "search" => along_relations(call, scopes),
        "context" => context(call, scopes).map(Request::GetContext),
        other => Err(unplanned(other)),
    }
}

fn refuse_unless_off(call: &mut Arguments, name: &str, instead: &str) -> Result<(), Refusal> {
    match call.value(name) {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(_) => Err(Box::new(
            ErrorBody::new(
                ErrorCode::InvalidParameter,
                format!("{name} is not supported; nothing was searched"),
            )
            .with_field(name)
            .with_suggestion(instead),
        )),
    }
}

/// A search, along relations if that is asked for.
fn along_relations(call: &mut Arguments, scopes: &Scopes) -> Result<Request, Refusal> {
    let search = search(call, scopes)?;
    let related_to = related_to(call)?;
    let follow = call.flag("followRelations")?.unwrap_or(false).then_some(RelationWalk::FROM_HITS);
    Ok(match (related_to, follow) {
        (None, None) => Request::Search(search),
        (related_to, follow) => Request::SearchRelated(SearchRelated { search, related_to, follow }),
    })
}

/// `{type, id, relation, direction, depth, maxResults}`.
fn related_to(call: &mut Arguments) -> Result<Option<RelatedTo>, Refusal> {
    let known = ["type", "id", "relation", "direction", "depth", "maxResults"];
    let Some(mut inner) = call.inner("relatedTo", &known)? else { return Ok(None) };
    let node = relation::node(&mut inner, "type", "id")?;
    let plain = RelationWalk::FILTER;
    let directions = Direction::ALL.map(Direction::name).join(", ");
    Ok(Some(RelatedTo {
        node: inner.need("id", node)?,
        walk: RelationWalk {
            kind: relation::kind(&mut inner, "relation")?,
            direction: inner.choice("direction", &directions)?.unwrap_or(plain.direction),
            depth: inner.integer("depth", 1..=limits::RELATION_DEPTH_MAX)?.unwrap_or(plain.depth),
            limit: inner.integer("maxResults", 1..=limits::RELATED_MAX)?.unwrap_or(plain.limit),
        },
    }))
}

fn search(call: &mut Arguments, scopes: &Scopes) -> Result<Search, Refusal> {
    let (scope, inherit) = scope(call, scopes)?;
    let (priority_min, priority_max) = priority(call)?;
    let (limit, offset) = page(call)?;
    Ok(Search {
        query: call.text("search")?.unwrap_or_default(),
        kinds: kinds(call)?,
        scope: Some(scope),
        inherit,
        tags: tags(call)?,
        category: call.text("category")?,
        priority_min,
        priority_max,
        created_after_ms: call.time("createdAfter")?,
        created_before_ms: call.time("createdBefore")?,
        updated_after_ms: call.time("updatedAfter")?,
        updated_before_ms: call.time("updatedBefore")?,
        at_time_ms: call.time("atTime")?,
        valid_during_ms: valid_during(call)?,
        include_inactive: call.flag("includeInactive")?.unwrap_or(false),
        created_by: call.text("createdBy")?,
        limit,
        offset,
        cursor: call.text("cursor")?,
    })
}

fn context(call: &mut Arguments, scopes: &Scopes) -> Result<GetContext, Refusal> {
    let (scope, inherit) = scope(call, scopes)?;
    Ok(GetContext {
        scope,
        inherit,
        query: call.text("search")?.filter(|text| !text.trim().is_empty()),
        kinds: kinds(call)?,
        budget_tokens: call.integer("budgetTokens", 1..=limits::CONTEXT_TOKENS_MAX)?,
        limit_per_kind: call.integer("limit", 1..=limits::PAGE_ROWS_MAX)?,
    })
}

/// `scope: {type, id, inherit}` says the same as `scopeType`, `scopeId` and `inherit`; not both.
fn scope(call: &mut Arguments, scopes: &Scopes) -> Result<(ScopeRef, bool), Refusal> {
    let Some(mut inner) = call.inner("scope", &["type", "id", "inherit"])? else {
        let scope = scopes.to_read(call)?;
        return Ok((scope, call.flag("inherit")?.unwrap_or(true)));
    };
    if call.has("scopeType") || call.has("scopeId") {
        let error = ErrorBody::new(ErrorCode::InvalidScopeType, "scope and scopeType are both given");
        return Err(Box::new(error.with_field("scope").with_suggestion("Give one of them")));
    }
    let inherit = inner.flag("inherit")?.or(call.flag("inherit")?).unwrap_or(true);
    let given = scopes.given(&mut inner, "type", "id")?;
    Ok((given.map_or_else(|| scopes.to_read(call), Ok)?, inherit))
}

fn kinds(call: &mut Arguments) -> Result<Vec<EntryKind>, Refusal> {
    let mut kinds = Vec::new();
    for text in call.texts("types")?.unwrap_or_default() {
        let kind = text.parse::<EntryKind>();
        kinds.push(
            kind.map_err(|()| call.wrong("types", &Value::from(text), "guidelines, knowledge, tools"))?,
        );
    }
    Ok(kinds)
}

/// `{include, require, exclude}`, or a plain list, which means `include`.
fn tags(call: &mut Arguments) -> Result<TagFilter, Refusal> {
    if call.is_list("tags") {
        return Ok(TagFilter { include: call.texts("tags")?.unwrap_or_default(), ..TagFilter::default() });
    }
    let Some(mut inner) = call.inner("tags", &["include", "require", "exclude"])? else {
        return Ok(TagFilter::default());
    };
    Ok(TagFilter {
        include: inner.texts("include")?.unwrap_or_default(),
        require: inner.texts("require")?.unwrap_or_default(),
        exclude: inner.texts("exclude")?.unwrap_or_default(),
    })
}

fn priority(call: &mut Arguments) -> Result<(Option<u8>, Option<u8>), Refusal> {
    let Some(mut inner) = call.inner("priority", &["min", "max"])? else { return Ok((None, None)) };
    let range = 0..=limits::PRIORITY_MAX;
    Ok((inner.integer("min", range.clone())?, inner.integer("max", range)?))
}

fn valid_during(call: &mut Arguments) -> Result<Option<(i64, i64)>, Refusal> {
    let Some(mut inner) = call.inner("validDuring", &["start", "end"])? else { return Ok(None) };
    Ok(Some((inner.required("start", Arguments::time)?, inner.required("end", Arguments::time)?)))
}
