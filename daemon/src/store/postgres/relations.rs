//! Relations: reads them, and the statements of their writes.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, Node, NodeKind, Relation, RelationKind, ScopeLevel},
    request::ListRelations,
    response::{ListedRelation, RelationEnd, RelationPage},
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    columns::{code, from_code, get, id_from, json_from, kind_from, optional_id_from, scope_from, uuid},
    connection::Connection,
    search::Reading,
    values::{Value, value},
    writes::PgTransaction,
};
use crate::store::{
    RelationStore, StoreError, StoreFuture,
    answers::{
        graph::{EDGES_MAX, Edge, Walk},
        pages::cut,
    },
    columns::{ENDS, RELATION, kind_code, level_code, relation_code},
    rules::{NodeKey, Step, StoredNode, no_node},
};

impl RelationStore for PostgresStore {
    fn relations(&self, request: ListRelations) -> StoreFuture<'_, RelationPage> {
        Box::pin(async move { page(&*self.lease().await?, &request).await })
    }
}

const ENTRY: &str = "SELECT e.rowid, s.level, s.id FROM entries e JOIN scopes s ON s.key = e.scope \
                     WHERE e.id = $1 AND e.kind = $2";
const PROJECT: &str = "SELECT -p.scope, s.level, s.id FROM scopes s JOIN projects p ON p.scope = s.key \
                       WHERE s.id = $1 AND s.level = $2";

/// The statement that finds a node, and what stands for its kind.
pub(super) fn finding(node: Node) -> (&'static str, i16) {
    match node.kind.entry() {
        Some(kind) => (ENTRY, code(kind_code(kind))),
        None => (PROJECT, code(level_code(ScopeLevel::Project))),
    }
}

pub(super) fn stored_node(row: &Row) -> Step<StoredNode> {
    Ok(StoredNode { key: NodeKey(get(row, 0)?), scope: scope_from(row, 1)? })
}

/// An entry or project as an end of a relation.
pub(super) async fn node(connection: &Connection, node: Node) -> Step<Option<StoredNode>> {
    let (sql, kind) = finding(node);
    let row = connection.row(sql, &[value(&uuid(node.id)), value(&kind)]).await?;
    row.as_ref().map(stored_node).transpose()
}

/// As [`node`], to stay until the transaction ends. Its row is locked against removal only.
pub(super) async fn locked_node(rows: &PgTransaction<'_>, node: Node) -> Step<Option<StoredNode>> {
    let (sql, kind) = finding(node);
    let table = if node.kind.entry().is_some() { "e" } else { "p" };
    let sql = format!("{sql} FOR KEY SHARE OF {table}");
    let row = rows.row(&sql, &[value(&uuid(node.id)), value(&kind)]).await?;
    row.as_ref().map(stored_node).transpose()
}

async fn page(connection: &Connection, request: &ListRelations) -> Result<RelationPage, StoreError> {
    let mut conditions = String::from("TRUE");
    let mut keys = Vec::new();
    for (end, field, side) in [(request.source, "sourceId", "source"), (request.target, "targetId", "target")]
    {
        let Some(end) = end else { continue };
        let key = node(connection, end).await?.ok_or_else(|| no_node(end, field))?.key;
        let (what, key) = key.project().map_or(("entry", key.0), |project| ("project", project));
        keys.push(key);
        conditions += &format!(" AND r.{side}_{what} = ${}", keys.len());
    }
    let kind = request.kind.map(|kind| code(relation_code(kind)));
    let (wanted, offset) = (i64::from(request.limit) + 1, i64::from(request.offset));
    let mut values: Vec<Value<'_>> = keys.iter().map(value).collect();
    if let Some(kind) = &kind {
        values.push(value(kind));
        conditions += &format!(" AND r.kind = ${}", values.len());
    }
    values.extend([value(&wanted), value(&offset)]);
    // The ends are looked up for the rows of the page only.
    let sql = format!(
        "SELECT {RELATION} FROM (SELECT * FROM relations r WHERE {conditions} ORDER BY r.id \
         LIMIT ${} OFFSET ${}) r {ENDS} ORDER BY r.id",
        values.len() - 1,
        values.len()
    );
    let rows = connection.rows(&sql, &values).await?;
    let relations = rows.iter().map(relation_from_row).collect::<Result<_, _>>()?;
    let (relations, has_more) = cut(relations, request.limit);
    Ok(RelationPage { relations, has_more })
}

/// Stores a new relation; false when one of its kind is there between the two.
pub(super) async fn insert(
    rows: &PgTransaction<'_>,
    source: NodeKey,
    target: NodeKey,
    relation: &Relation,
) -> Step<bool> {
    const SQL: &str = "INSERT INTO relations (id, source_entry, source_project, target_entry, target_project, \
                       kind, metadata, created_at_ms, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                       ON CONFLICT DO NOTHING RETURNING 1";
    let (id, kind) = (uuid(relation.id), code(relation_code(relation.kind)));
    let (entries, projects) = ([source, target].map(NodeKey::entry), [source, target].map(NodeKey::project));
    let metadata = relation.metadata.as_ref().map(|json| json.0.as_str());
    let values = [
        value(&id),
        value(&entries[0]),
        value(&projects[0]),
        value(&entries[1]),
        value(&projects[1]),
        value(&kind),
        value(&metadata),
        value(&relation.created_at_ms),
        value(&relation.created_by),
    ];
    Ok(!rows.rows(SQL, &values).await?.is_empty())
}

/// The relation of that kind between the two.
pub(super) async fn between(
    rows: &PgTransaction<'_>,
    source: NodeKey,
    target: NodeKey,
    kind: RelationKind,
) -> Step<Option<Relation>> {
    static BETWEEN: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {RELATION} FROM relations r {ENDS} \
             WHERE coalesce(r.source_entry, -r.source_project) = $1 AND coalesce(r.target_entry, -r.target_project) = $2 AND r.kind = $3"
        )
    });
    let kind = code(relation_code(kind));
    let row = rows.row(&BETWEEN, &[value(&source.0), value(&target.0), value(&kind)]).await?;
    Ok(row.as_ref().map(relation_from_row).transpose()?.map(|listed| listed.relation))
}

/// How many there are.
pub(super) async fn count(rows: &PgTransaction<'_>) -> Step<u64> {
    let row = rows.row("SELECT count(*) FROM relations", &[]).await?;
    row.map_or(Ok(0), |row| Ok(get::<i64>(&row, 0)?.unsigned_abs()))
}

/// Removes the relation of that id, and returns it with its ends.
pub(super) async fn remove(rows: &PgTransaction<'_>, id: Id) -> Step<Option<ListedRelation>> {
    static REMOVE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "WITH gone AS (DELETE FROM relations WHERE id = $1 RETURNING *) \
             SELECT {RELATION} FROM gone r {ENDS}"
        )
    });
    let row = rows.row(&REMOVE, &[value(&uuid(id))]).await?;
    row.as_ref().map(relation_from_row).transpose()
}

/// Reads a relation and its ends from the columns of [`RELATION`].
pub(super) fn relation_from_row(row: &Row) -> Step<ListedRelation> {
    let (source_node, source) = end_from_row(row, 5)?;
    let (target_node, target) = end_from_row(row, 10)?;
    Ok(ListedRelation {
        relation: Relation {
            id: id_from(row, 0)?,
            source: source_node,
            target: target_node,
            kind: from_code(row, 1, &RelationKind::ALL)?,
            metadata: json_from(row, 2)?,
            created_at_ms: get(row, 3)?,
            created_by: get(row, 4)?,
        },
        source,
        target,
    })
}

/// Kind and id of an entry, null for a project, then scope and name.
fn end_from_row(row: &Row, first: usize) -> Step<(Node, RelationEnd)> {
    let node = match optional_id_from(row, first + 1)? {
        Some(id) => Node { kind: NodeKind::from(kind_from(row, first)?), id },
        None => Node::project(id_from(row, first + 3)?),
    };
    Ok((node, RelationEnd { name: get(row, first + 4)?, scope: scope_from(row, first + 2)? }))
}

/// The relations of some nodes, in their order, those that begin at a node first.
pub(super) async fn edges(
    reading: &Reading<'_>,
    nodes: &[NodeKey],
    walk: &Walk,
) -> Result<Vec<Edge>, StoreError> {
    static EDGES: LazyLock<String> = LazyLock::new(|| {
        let of = |near: &str, far: &str, node: &str, is_target: bool, wanted: usize| {
            format!(
                "(SELECT coalesce(r.{far}_entry, -r.{far}_project) AS other, r.kind, {is_target} AS is_target \
                 FROM relations r WHERE ${wanted} AND r.{near} = {node} AND ($2 IS NULL OR r.kind = $2) \
                 ORDER BY r.id LIMIT $5)"
            )
        };
        let each = [
            of("source_entry", "target", "w.node", true, 3),
            of("source_project", "target", "-w.node", true, 3),
            of("target_entry", "source", "w.node", false, 4),
            of("target_project", "source", "-w.node", false, 4),
        ];
        format!(
            "SELECT w.place, r.other, r.kind, r.is_target \
             FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS w (node, place) \
             CROSS JOIN LATERAL ({}) r LIMIT $5",
            each.join(" UNION ALL ")
        )
    });
    let nodes: Vec<i64> = nodes.iter().map(|node| node.0).collect();
    let kind = walk.kind().map(|kind| code(relation_code(kind)));
    let (forward, backward) = walk.ways();
    let most = i64::from(EDGES_MAX);
    let values = [value(&nodes), value(&kind), value(&forward), value(&backward), value(&most)];
    let rows = reading.rows(&EDGES, &values).await?;
    let edge = |row: &Row| {
        Ok(Edge {
            place: usize::try_from(get::<i64>(row, 0)? - 1).unwrap_or(usize::MAX),
            other: NodeKey(get(row, 1)?),
            kind: from_code(row, 2, &RelationKind::ALL)?,
            is_target: get(row, 3)?,
        })
    };
    rows.iter().map(edge).collect()
}
