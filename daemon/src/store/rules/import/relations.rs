//! Relations of an import. A relation is known by its ends and its kind, of which there is one in a store.

use agent_memory_proto::{
    model::{Node, Relation},
    request::ConflictStrategy,
};

use super::{
    Run,
    extras::{Fate, there_already},
};
use crate::store::{
    StoreError,
    rules::{
        relations::NodeKey,
        transaction::{Step, WriteTransaction},
    },
};

pub(super) async fn store(
    run: &mut Run<'_>,
    rows: &impl WriteTransaction,
    relation: &Relation,
) -> Step<Fate> {
    let met = |node: Node| Node { id: run.renamed.get(&node.id).copied().unwrap_or(node.id), ..node };
    let relation =
        Relation { source: met(relation.source), target: met(relation.target), ..relation.clone() };
    let (source, target) = (rows.node(relation.source).await?, rows.node(relation.target).await?);
    let (Some(source), Some(target)) = (source, target) else { return Ok(Fate::LeftOut) };
    let ends = (source.key, target.key);
    let fate = match rows.relation_between(source.key, target.key, relation.kind).await? {
        None => {
            insert(run, rows, ends, &relation).await?;
            Fate::Created
        }
        Some(there) => meet(run, rows, ends, &there, relation).await?,
    };
    if fate != Fate::Skipped {
        run.touched.extend([source.scope, target.scope]);
    }
    Ok(fate)
}

async fn meet(
    run: &Run<'_>,
    rows: &impl WriteTransaction,
    ends: (NodeKey, NodeKey),
    there: &Relation,
    relation: Relation,
) -> Step<Fate> {
    let (new, fate) = match run.staged.options.strategy {
        ConflictStrategy::Skip => return Ok(Fate::Skipped),
        ConflictStrategy::Error => return Err(there_already("relation", there.id)),
        ConflictStrategy::Update if there.metadata == relation.metadata => return Ok(Fate::Skipped),
        ConflictStrategy::Update => {
            (Relation { metadata: relation.metadata, ..there.clone() }, Fate::Updated)
        }
        ConflictStrategy::Replace => (relation, Fate::Replaced),
    };
    rows.remove_relation(there.id).await?;
    insert(run, rows, ends, &new).await?;
    Ok(fate)
}

/// Stores it under its id, or another when that is taken.
async fn insert(
    run: &Run<'_>,
    rows: &impl WriteTransaction,
    (source, target): (NodeKey, NodeKey),
    relation: &Relation,
) -> Step<()> {
    if rows.insert_relation(source, target, relation).await? {
        return Ok(());
    }
    let other = Relation { id: run.import.clock.new_id(), ..relation.clone() };
    if rows.insert_relation(source, target, &other).await? {
        return Ok(());
    }
    Err(StoreError::Contended("the relation came at the same time".to_owned()))
}
