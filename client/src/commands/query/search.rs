//! `query search`: full-text search.

use agent_memory_proto::{
    ErrorBody, Request, limits,
    model::{EntryKind, RelationKind},
    request::{Direction, RelatedTo, RelationWalk, Search, SearchRelated, TagFilter},
};
use clap::Args;

use crate::{
    commands::entry::{Page, kind},
    content::time,
    failure::Failure,
    invocation::Invocation,
    node_argument::NodeArgument,
    scope_argument::ScopeArgument,
};

#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// The words; "quoted text" is a phrase, word* a prefix
    words: Vec<String>,
    /// Only this kind; may be given several times
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<EntryKind>,
    /// Where to look [default: the project, else global]
    #[arg(long, value_name = "SCOPE", conflicts_with = "all_scopes")]
    scope: Option<ScopeArgument>,
    /// Looks everywhere
    #[arg(long)]
    all_scopes: bool,
    /// Without the wider scopes
    #[arg(long)]
    exact: bool,
    /// With this tag; with any of them when given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// With this tag, and every other one given like this
    #[arg(long = "require-tag", value_name = "TAG")]
    required_tags: Vec<String>,
    /// Without this tag; may be given several times
    #[arg(long = "exclude-tag", value_name = "TAG")]
    excluded_tags: Vec<String>,
    /// Only this category
    #[arg(long)]
    category: Option<String>,
    /// Guidelines of at least this priority
    #[arg(long, value_name = "NUMBER")]
    priority_min: Option<u8>,
    /// Guidelines of at most this priority
    #[arg(long, value_name = "NUMBER")]
    priority_max: Option<u8>,
    /// Created at or after
    #[arg(long, value_name = "TIME")]
    created_after: Option<String>,
    /// Created before
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
    /// Updated at or after
    #[arg(long, value_name = "TIME")]
    updated_after: Option<String>,
    /// Updated before
    #[arg(long, value_name = "TIME")]
    updated_before: Option<String>,
    /// Knowledge that was valid at this time, instead of now
    #[arg(long, value_name = "TIME")]
    at_time: Option<String>,
    /// Knowledge that was valid at some time between two: FROM..TO
    #[arg(long, value_name = "FROM..TO")]
    valid_during: Option<String>,
    /// Also what is deactivated, overridden, expired or invalidated
    #[arg(long)]
    include_inactive: bool,
    /// Only what this agent created
    #[arg(long, value_name = "AGENT")]
    created_by: Option<String>,
    /// Only what is related to this entry or project
    #[arg(long, value_name = "KIND:ID|NAME")]
    related_to: Option<NodeArgument>,
    /// Over relations of this kind
    #[arg(long, value_name = "RELATION")]
    relation: Option<RelationKind>,
    /// Which way relations are followed: forward, backward or both
    #[arg(long, default_value = "both")]
    direction: Direction,
    /// Over how many relations, 1 to 5
    #[arg(long, value_name = "NUMBER", default_value_t = limits::RELATION_DEPTH_DEFAULT)]
    depth: u8,
    /// Among how many that are related, the nearest first [default: 100]
    #[arg(long, value_name = "NUMBER", requires = "related_to")]
    max_related: Option<u32>,
    /// Adds what is related to the hits
    #[arg(long)]
    follow_relations: bool,
    #[command(flatten)]
    page: Page,
    /// Where the last page ended
    #[arg(long, conflicts_with = "offset")]
    cursor: Option<String>,
}

pub(crate) async fn run(invocation: &Invocation, args: SearchArgs) -> Result<(), Failure> {
    let scope = match args.all_scopes {
        true => None,
        false => Some(invocation.scope_to_read(args.scope.as_ref()).await?),
    };
    let related_to = args.related_to.as_ref();
    let related_to = NodeArgument::node_of(related_to, invocation).await?;
    let along = |plain: RelationWalk| RelationWalk {
        kind: args.relation,
        direction: args.direction,
        depth: args.depth,
        ..plain
    };
    let related_to = related_to.map(|node| {
        let walk = along(RelationWalk::FILTER);
        RelatedTo { node, walk: RelationWalk { limit: args.max_related.unwrap_or(walk.limit), ..walk } }
    });
    let follow = args.follow_relations.then(|| along(RelationWalk::FROM_HITS));
    let search = Search {
        query: args.words.join(" "),
        kinds: args.kinds,
        scope,
        inherit: !args.exact,
        tags: TagFilter { include: args.tags, require: args.required_tags, exclude: args.excluded_tags },
        category: args.category,
        priority_min: args.priority_min,
        priority_max: args.priority_max,
        created_after_ms: time("createdAfter", args.created_after.as_deref())?,
        created_before_ms: time("createdBefore", args.created_before.as_deref())?,
        updated_after_ms: time("updatedAfter", args.updated_after.as_deref())?,
        updated_before_ms: time("updatedBefore", args.updated_before.as_deref())?,
        at_time_ms: time("atTime", args.at_time.as_deref())?,
        valid_during_ms: period(args.valid_during.as_deref())?,
        include_inactive: args.include_inactive,
        created_by: args.created_by,
        limit: args.page.limit,
        offset: args.page.offset,
        cursor: args.cursor,
    };
    let request = match (related_to, follow) {
        (None, None) => Request::Search(search),
        (related_to, follow) => Request::SearchRelated(SearchRelated { search, related_to, follow }),
    };
    let response = invocation.call(request).await?;
    invocation.output.show(&response, invocation.known_project());
    Ok(())
}

fn period(text: Option<&str>) -> Result<Option<(i64, i64)>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let Some((from, to)) = text.split_once("..") else {
        return Err(Failure::usage(ErrorBody::invalid("validDuring", text, "two times as FROM..TO")));
    };
    let from = time("validDuring.start", Some(from))?;
    let to = time("validDuring.end", Some(to))?;
    Ok(from.zip(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_two_ends() {
        let day = Some((0, 86_400_000));
        assert_eq!(period(Some("1970-01-01..1970-01-02")).expect("a period"), day);
        assert!(period(Some("1970-01-01")).is_err());
    }
}
