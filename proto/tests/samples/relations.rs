//! What has to do with relations.

use agent_memory_proto::{
    Request, Response,
    model::{Node, NodeKind, Relation, RelationKind, ScopeRef},
    request::{
        CreateRelation, DeleteRelation, Direction, ListRelations, RelatedTo, RelationWalk, SearchRelated,
    },
    response::{ListedRelation, RelatedHit, RelatedSearchPage, RelationCreated, RelationEnd, RelationPage},
};

use super::{
    AT_MS, id, json, named_variants, requests::search, responses::search_page, text, values::encoded,
};

const WALK: RelationWalk =
    RelationWalk { kind: Some(RelationKind::DependsOn), direction: Direction::Backward, depth: 3, limit: 50 };

/// The requests.
pub(super) fn requests() -> Vec<Request> {
    let (source, target) = (Node { kind: NodeKind::Guideline, id: id(1) }, Node::project(id(2)));
    let kind = RelationKind::AppliesTo;
    vec![
        Request::CreateRelation(CreateRelation {
            source,
            target,
            kind,
            metadata: json("{}"),
            created_by: text("claude"),
        }),
        Request::ListRelations(ListRelations {
            source: Some(source),
            target: Some(target),
            kind: Some(kind),
            limit: 20,
            offset: 0,
        }),
        Request::DeleteRelation(DeleteRelation { id: id(7) }),
        Request::SearchRelated(SearchRelated {
            search: search(id(2)),
            related_to: Some(RelatedTo { node: source, walk: WALK }),
            follow: Some(WALK),
        }),
    ]
}

pub(super) fn relation() -> Relation {
    Relation {
        id: id(7),
        source: Node { kind: NodeKind::Guideline, id: id(1) },
        target: Node::project(id(2)),
        kind: RelationKind::AppliesTo,
        metadata: json("{}"),
        created_at_ms: AT_MS,
        created_by: text("claude"),
    }
}

/// The responses.
pub(super) fn responses() -> Vec<Response> {
    let listed = ListedRelation {
        relation: relation(),
        source: RelationEnd { name: "checks".to_owned(), scope: ScopeRef::GLOBAL },
        target: RelationEnd { name: "rocket".to_owned(), scope: ScopeRef::project(id(2)) },
    };
    let related = search_page().hits.into_iter().map(|hit| RelatedHit {
        hit,
        from: id(3),
        kind: RelationKind::DependsOn,
        is_target: true,
        distance: 2,
    });
    vec![
        Response::RelationCreated(Box::new(RelationCreated { relation: relation(), existed: true })),
        Response::Relations(RelationPage { relations: vec![listed], has_more: true }),
        Response::RelationDeleted(Box::new(relation())),
        Response::RelatedSearchPage(Box::new(RelatedSearchPage {
            page: search_page(),
            related: related.collect(),
            is_cut: true,
        })),
    ]
}

/// The small values.
pub(super) fn small_values() -> Vec<(String, Vec<u8>)> {
    let mut all = encoded(
        "node_kind",
        named_variants!(NodeKind::ALL, {
            NodeKind::Guideline => "guideline",
            NodeKind::Knowledge => "knowledge",
            NodeKind::Tool => "tool",
            NodeKind::Project => "project",
        }),
    );
    all.extend(encoded(
        "relation_kind",
        named_variants!(RelationKind::ALL, {
            RelationKind::AppliesTo => "applies_to",
            RelationKind::DependsOn => "depends_on",
            RelationKind::ConflictsWith => "conflicts_with",
            RelationKind::RelatedTo => "related_to",
            RelationKind::ParentTask => "parent_task",
            RelationKind::SubtaskOf => "subtask_of",
            RelationKind::PromotedTo => "promoted_to",
        }),
    ));
    all.extend(encoded(
        "direction",
        named_variants!(Direction::ALL, {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
            Direction::Both => "both",
        }),
    ));
    all
}
