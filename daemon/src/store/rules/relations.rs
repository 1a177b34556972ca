//! Creates and removes relations. They go by themselves with either of their ends.

use agent_memory_proto::{
    ErrorBody, Response,
    model::{Id, Node, Relation, ScopeRef},
    response::RelationCreated,
};

use super::{
    Applied,
    refusals::no_entry,
    transaction::{Step, WriteTransaction},
};
use crate::store::{Change, StoreError};

/// An end of a relation as stored.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct StoredNode {
    pub(in crate::store) key: NodeKey,
    /// Where it belongs; of a project, the project itself.
    pub(in crate::store) scope: ScopeRef,
}

/// What stands for an end of a relation: the row id of an entry, or the negative key of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::store) struct NodeKey(pub(in crate::store) i64);

impl NodeKey {
    /// The row id, if it is an entry.
    pub(in crate::store) fn entry(self) -> Option<i64> {
        (self.0 > 0).then_some(self.0)
    }

    /// The key of its scope, if it is a project.
    pub(in crate::store) fn project(self) -> Option<i64> {
        (self.0 < 0).then_some(-self.0)
    }
}

pub(super) async fn create(rows: &impl WriteTransaction, relation: &Relation) -> Applied {
    let source = require(rows, relation.source, "sourceId").await?;
    let target = require(rows, relation.target, "targetId").await?;
    if rows.insert_relation(source.key, target.key, relation).await? {
        let created = RelationCreated { relation: relation.clone(), existed: false };
        let reply = Response::RelationCreated(Box::new(created));
        return Ok((reply, changes(source.scope, target.scope)));
    }
    match rows.relation_between(source.key, target.key, relation.kind).await? {
        Some(there) => {
            let created = RelationCreated { relation: there, existed: true };
            Ok((Response::RelationCreated(Box::new(created)), Vec::new()))
        }
        None => Err(StoreError::Contended("the relation was removed at the same time".to_owned())),
    }
}

pub(super) async fn delete(rows: &impl WriteTransaction, id: Id) -> Applied {
    let Some(there) = rows.remove_relation(id).await? else {
        return Err(StoreError::refused(
            ErrorBody::not_found("relation", id)
                .with_field("id")
                .with_suggestion("List the relations to find the id; one goes with either of its ends"),
        ));
    };
    let changes = changes(there.source.scope, there.target.scope);
    Ok((Response::RelationDeleted(Box::new(there.relation)), changes))
}

async fn require(rows: &impl WriteTransaction, node: Node, field: &str) -> Step<StoredNode> {
    rows.node(node).await?.ok_or_else(|| no_node(node, field))
}

/// An entry or project that a relation names is not there.
pub(in crate::store) fn no_node(node: Node, field: &str) -> StoreError {
    match node.kind.entry() {
        Some(kind) => no_entry(kind, node.id, field),
        None => StoreError::refused(
            ErrorBody::not_found("project", node.id)
                .with_field(field)
                .with_suggestion("List the projects to find the id"),
        ),
    }
}

/// The scopes of both ends changed.
fn changes(source: ScopeRef, target: ScopeRef) -> Vec<Change> {
    let changed = |scope| Change::of_content(scope, None);
    if source == target { vec![changed(source)] } else { vec![changed(source), changed(target)] }
}
