//! Relations: created once, listed, gone with their ends, and followed by searches.

use std::time::{Duration, Instant};

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, Json, Node, Relation, RelationKind, ScopeRef},
    request::{Direction, ListRelations, RelatedTo, RelationWalk, Search},
    response::{RelatedSearchPage, RelationCreated, RelationPage},
};

use super::{
    fixtures::{World, guideline, knowledge},
    search::search_for,
};
use crate::store::{RelatedQuery, SearchQuery, StoreError, Write};

const ALL: ListRelations = ListRelations { source: None, target: None, kind: None, limit: 100, offset: 0 };
const GLOBAL: &[ScopeRef] = &[ScopeRef::GLOBAL];

fn rule(id: Id) -> Node {
    Node::entry(EntryKind::Guideline, id)
}

impl World {
    fn relation(&self, source: Node, kind: RelationKind, target: Node) -> Relation {
        Relation {
            id: self.clock.new_id(),
            source,
            target,
            kind,
            metadata: Some(Json(r#"{"why":"tested"}"#.to_owned())),
            created_at_ms: self.clock.now_ms(),
            created_by: Some("ada".to_owned()),
        }
    }

    async fn relate(&self, source: Node, kind: RelationKind, target: Node) -> RelationCreated {
        match self.write(Write::CreateRelation(self.relation(source, kind, target))).await {
            Ok(Response::RelationCreated(created)) => *created,
            other => panic!("not related: {other:?}"),
        }
    }

    async fn relations(&self, request: ListRelations) -> RelationPage {
        self.store.relations.relations(request).await.expect("a page")
    }

    async fn rule(&self, scope: ScopeRef, name: &str) -> Node {
        rule(self.add(guideline(scope, name, 1)).await.id)
    }

    /// A search along relations in the global scope.
    async fn related(
        &self,
        search: Search,
        related_to: Option<RelatedTo>,
        follow: Option<RelationWalk>,
    ) -> Result<RelatedSearchPage, StoreError> {
        let search = SearchQuery {
            request: search,
            scopes: Some(GLOBAL.to_vec()),
            now_ms: self.clock.now_ms(),
            deadline: Instant::now() + Duration::from_secs(20),
        };
        self.store.search.search_related(RelatedQuery { search, related_to, follow }).await
    }

    /// The names of the hits that are related to a node, sorted.
    async fn related_names(&self, words: &str, node: Node, walk: RelationWalk) -> Vec<String> {
        let related_to = Some(RelatedTo { node, walk });
        let page = self.related(search_for(words), related_to, None).await.expect("a page").page;
        let mut names: Vec<String> = page.hits.into_iter().map(|hit| hit.name).collect();
        names.sort();
        names
    }
}

pub(crate) async fn a_relation_is_there_once(world: World) {
    let project = world.project("app").await;
    let (source, target) = (world.rule(ScopeRef::GLOBAL, "rule").await, Node::project(project.id));
    let first = world.relate(source, RelationKind::AppliesTo, target).await;
    assert!(!first.existed);
    let again = world.relate(source, RelationKind::AppliesTo, target).await;
    assert_eq!(again, RelationCreated { existed: true, ..first.clone() }, "the one that was there");
    for (source, kind, target) in
        [(target, RelationKind::AppliesTo, source), (source, RelationKind::RelatedTo, target)]
    {
        assert!(!world.relate(source, kind, target).await.existed);
    }
    world.relate(source, RelationKind::RelatedTo, source).await;
    assert_eq!(world.relations(ALL).await.relations.len(), 4);

    let nobody = rule(Id([9; 16]));
    for (source, target, field) in [(nobody, target, "sourceId"), (source, nobody, "targetId")] {
        let write = Write::CreateRelation(world.relation(source, RelationKind::DependsOn, target));
        let refused = world.refusal(write).await;
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some(field)));
    }
    let of_another_kind = Node::entry(EntryKind::Tool, source.id);
    let write = Write::CreateRelation(world.relation(of_another_kind, RelationKind::DependsOn, target));
    assert_eq!(world.refusal(write).await.code, ErrorCode::NotFound);

    let deleted = world.write(Write::DeleteRelation(first.relation.id)).await;
    assert_eq!(deleted, Ok(Response::RelationDeleted(Box::new(first.relation.clone()))));
    assert_eq!(world.refusal(Write::DeleteRelation(first.relation.id)).await.code, ErrorCode::NotFound);
}

pub(crate) async fn relations_are_listed_by_their_ends(world: World) {
    let project = world.project("app").await;
    let scope = ScopeRef::project(project.id);
    let (hub, app) = (world.rule(scope, "hub").await, Node::project(project.id));
    let mut created = vec![world.relate(hub, RelationKind::AppliesTo, app).await.relation.id];
    for number in 0..4 {
        let other = world.rule(ScopeRef::GLOBAL, &format!("rule {number}")).await;
        created.push(world.relate(hub, RelationKind::RelatedTo, other).await.relation.id);
        created.push(world.relate(other, RelationKind::DependsOn, hub).await.relation.id);
    }
    let page = world.relations(ALL).await;
    let ids: Vec<Id> = page.relations.iter().map(|listed| listed.relation.id).collect();
    assert_eq!((ids, page.has_more), (created, false));
    let first = &page.relations[0];
    assert_eq!((first.source.name.as_str(), first.source.scope), ("hub", scope));
    assert_eq!((first.target.name.as_str(), first.target.scope), ("app", scope));
    assert_eq!((first.relation.source, first.relation.target), (hub, app));
    assert_eq!(page.relations[1].target.scope, ScopeRef::GLOBAL);

    let of = |request| async { world.relations(request).await.relations.len() };
    assert_eq!(of(ListRelations { source: Some(hub), ..ALL }).await, 5);
    assert_eq!(of(ListRelations { target: Some(hub), ..ALL }).await, 4);
    assert_eq!(of(ListRelations { target: Some(app), ..ALL }).await, 1);
    assert_eq!(of(ListRelations { source: Some(app), ..ALL }).await, 0);
    let kind = Some(RelationKind::RelatedTo);
    assert_eq!(of(ListRelations { kind, ..ALL }).await, 4);
    assert_eq!(of(ListRelations { source: Some(hub), target: Some(app), kind, ..ALL }).await, 0);

    let first = world.relations(ListRelations { source: Some(hub), limit: 3, ..ALL }).await;
    let last = world.relations(ListRelations { source: Some(hub), limit: 3, offset: 3, ..ALL }).await;
    assert_eq!((first.relations.len(), first.has_more), (3, true));
    assert_eq!((last.relations.len(), last.has_more), (2, false));
    let nobody = ListRelations { source: Some(rule(Id([9; 16]))), ..ALL };
    let Err(StoreError::Refused(body)) = world.store.relations.relations(nobody).await else {
        panic!("listed")
    };
    assert_eq!((body.code, body.field.as_deref()), (ErrorCode::NotFound, Some("sourceId")));
}

pub(crate) async fn relations_go_with_either_end(world: World) {
    let (app, other) = (world.project("app").await, world.project("other").await);
    let inside = world.rule(ScopeRef::project(app.id), "inside").await;
    let ends = [
        world.rule(ScopeRef::GLOBAL, "first").await,
        world.rule(ScopeRef::GLOBAL, "second").await,
        world.rule(ScopeRef::GLOBAL, "third").await,
    ];
    world.relate(ends[0], RelationKind::DependsOn, ends[1]).await;
    world.relate(ends[1], RelationKind::DependsOn, ends[2]).await;
    world.relate(inside, RelationKind::RelatedTo, ends[2]).await;
    world.relate(ends[2], RelationKind::AppliesTo, Node::project(app.id)).await;
    let kept = world.relate(ends[2], RelationKind::AppliesTo, Node::project(other.id)).await.relation;

    let kind = EntryKind::Guideline;
    let deleting = |ids| Write::DeleteEntries { kind, ids, bulk: true, deleted_by: None };
    world.write(deleting(vec![ends[1].id])).await.expect("deleted");
    assert_eq!(world.relations(ALL).await.relations.len(), 3);
    world.write(world.deactivating(kind, ends[2].id)).await.expect("hidden");
    assert_eq!(world.relations(ALL).await.relations.len(), 3, "hidden is not gone");
    world.write(Write::DeleteProject(app.id)).await.expect("deleted");
    let left: Vec<Relation> =
        world.relations(ALL).await.relations.into_iter().map(|listed| listed.relation).collect();
    assert_eq!(left, [kept]);
}

pub(crate) async fn both_scopes_of_a_relation_are_told(world: World) {
    let project = world.project("app").await;
    let scope = ScopeRef::project(project.id);
    let (one, two) = (world.rule(scope, "one").await, world.rule(ScopeRef::GLOBAL, "two").await);
    let told = |write| async {
        world.changes.lock().unwrap().clear();
        world.write(write).await.expect("written");
        let scopes: Vec<ScopeRef> = world.changes.lock().unwrap().iter().map(|change| change.scope).collect();
        scopes
    };
    let relation = world.relation(one, RelationKind::DependsOn, two);
    assert_eq!(told(Write::CreateRelation(relation.clone())).await, [scope, ScopeRef::GLOBAL]);
    assert_eq!(told(Write::CreateRelation(world.relation(one, RelationKind::DependsOn, two))).await, []);
    assert_eq!(told(Write::DeleteRelation(relation.id)).await, [scope, ScopeRef::GLOBAL]);
}

/// `a → b → c → a`, `b → d`, `hidden ← d`, and `e` in no relation.
async fn graph(world: &World) -> [Node; 5] {
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        nodes.push(world.rule(ScopeRef::GLOBAL, name).await);
    }
    let [a, b, c, d, e] = nodes[..] else { unreachable!("five were added") };
    for (source, target) in [(a, b), (b, c), (c, a), (b, d)] {
        world.relate(source, RelationKind::DependsOn, target).await;
    }
    let hidden = world.rule(ScopeRef::GLOBAL, "hidden").await;
    world.relate(d, RelationKind::RelatedTo, hidden).await;
    world.write(world.deactivating(EntryKind::Guideline, hidden.id)).await.expect("hidden");
    [a, b, c, d, e]
}

const NEAR: RelationWalk = RelationWalk { direction: Direction::Forward, ..RelationWalk::FILTER };

pub(crate) async fn what_is_related_is_found_over_cycles(world: World) {
    let [a, b, _, _, e] = graph(&world).await;
    let far = RelationWalk { depth: 5, ..NEAR };
    assert_eq!(world.related_names("", a, NEAR).await, ["b"]);
    assert_eq!(world.related_names("", a, RelationWalk { depth: 2, ..NEAR }).await, ["b", "c", "d"]);
    assert_eq!(world.related_names("", a, far).await, ["b", "c", "d"], "and not itself, nor what is hidden");
    let back = RelationWalk { direction: Direction::Backward, ..NEAR };
    assert_eq!(world.related_names("", a, back).await, ["c"]);
    assert_eq!(world.related_names("", b, RelationWalk::FILTER).await, ["a", "c", "d"]);
    let other_kind = RelationWalk { kind: Some(RelationKind::AppliesTo), ..far };
    assert!(world.related_names("", a, other_kind).await.is_empty());
    assert!(world.related_names("", e, far).await.is_empty());
    let two = RelationWalk { limit: 2, ..far };
    let page = world.related(search_for(""), Some(RelatedTo { node: a, walk: two }), None).await.unwrap();
    assert_eq!((page.page.hits.len(), page.is_cut), (2, true));

    let project = world.project("app").await;
    world.relate(e, RelationKind::AppliesTo, Node::project(project.id)).await;
    assert_eq!(world.related_names("", Node::project(project.id), RelationWalk::FILTER).await, ["e"]);
    let nobody = RelatedTo { node: Node::project(Id([9; 16])), walk: NEAR };
    let Err(StoreError::Refused(body)) = world.related(search_for(""), Some(nobody), None).await else {
        panic!("found")
    };
    assert_eq!((body.code, body.field.as_deref()), (ErrorCode::NotFound, Some("relatedTo.id")));
}

pub(crate) async fn a_search_is_narrowed_to_what_is_related(world: World) {
    let hub = world.rule(ScopeRef::GLOBAL, "hub").await;
    let project = world.project("elsewhere").await;
    for number in 0..30 {
        let note = world.add(knowledge(ScopeRef::GLOBAL, &format!("kafka note {number}"))).await.id;
        if number % 10 == 0 {
            world.relate(Node::entry(EntryKind::Knowledge, note), RelationKind::RelatedTo, hub).await;
        }
    }
    let outside = world.rule(ScopeRef::project(project.id), "kafka outside").await;
    world.relate(outside, RelationKind::RelatedTo, hub).await;
    let walk = RelationWalk::FILTER;
    for words in ["kafka", "kafka note", "kaf*", "\"kafka note\"", "what is known"] {
        let found = world.related_names(words, hub, walk).await;
        assert_eq!(found, ["kafka note 0", "kafka note 10", "kafka note 20"], "{words}");
    }
    assert_eq!(world.related_names("20", hub, walk).await, ["kafka note 20"]);
    assert!(world.related_names("rabbit", hub, walk).await.is_empty());
    let mut tools = search_for("kafka");
    tools.kinds = vec![EntryKind::Tool];
    let related_to = Some(RelatedTo { node: hub, walk });
    assert!(world.related(tools, related_to, None).await.unwrap().page.hits.is_empty());
}

pub(crate) async fn hits_bring_what_is_related_to_them(world: World) {
    let [a, b, c, d, _] = graph(&world).await;
    let project = world.project("elsewhere").await;
    let outside = world.rule(ScopeRef::project(project.id), "outside").await;
    world.relate(a, RelationKind::RelatedTo, outside).await;
    let follow = RelationWalk { depth: 2, ..RelationWalk::FROM_HITS };
    let mut search = search_for("a");
    search.query = "\"what a says\"".to_owned();
    let found = world.related(search.clone(), None, Some(follow)).await.expect("a page");
    assert_eq!(found.page.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [a.id]);
    let seen: Vec<_> = found.related.iter().map(|hit| (hit.hit.id, hit.is_target, hit.distance)).collect();
    assert_eq!(seen, [(b.id, true, 1), (c.id, false, 1), (d.id, true, 2)]);
    assert!(found.related.iter().all(|hit| hit.from == a.id && hit.kind == RelationKind::DependsOn));
    assert!(found.related.iter().all(|hit| hit.hit.snippet.starts_with("What ")), "{found:?}");
    assert!(!found.is_cut);
    let one = RelationWalk { limit: 1, ..follow };
    let cut = world.related(search.clone(), None, Some(one)).await.expect("a page");
    assert_eq!((cut.related.len(), cut.is_cut), (1, true));
    search.query = "nothing of the kind".to_owned();
    search.kinds = vec![EntryKind::Tool];
    let nothing = world.related(search, None, Some(follow)).await.expect("a page");
    assert!(nothing.page.hits.is_empty() && nothing.related.is_empty());
}

pub(crate) async fn pages_of_what_is_related_follow_each_other(world: World) {
    let hub = world.rule(ScopeRef::GLOBAL, "hub").await;
    for number in 0..7 {
        let note = world.rule(ScopeRef::GLOBAL, &format!("note {number}")).await;
        world.relate(hub, RelationKind::RelatedTo, note).await;
    }
    let related_to = Some(RelatedTo { node: hub, walk: NEAR });
    for words in ["", "note"] {
        let mut search = Search { limit: 3, ..search_for(words) };
        let mut names = Vec::new();
        loop {
            let page = world.related(search.clone(), related_to, None).await.expect("a page").page;
            names.extend(page.hits.into_iter().map(|hit| hit.name));
            match page.next_cursor {
                Some(cursor) => search.cursor = Some(cursor),
                None => break,
            }
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 7, "{words:?}: {names:?}");
        let of_another = world.related(search, None, None).await;
        assert!(matches!(of_another, Err(StoreError::Refused(_))), "a cursor belongs to its search");
    }
}
