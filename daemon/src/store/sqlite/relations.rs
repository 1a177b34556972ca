//! Relations, as rows.

use std::sync::LazyLock;

use agent_memory_proto::{
    model::{Id, Node, NodeKind, Relation, RelationKind, ScopeLevel, ScopeRef},
    request::{ListRelations, RelationWalk},
    response::{ListedRelation, RelationEnd, RelationPage},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{
    SqliteStore,
    columns::{from_code, id_from, json_from, kind_code, kind_from, level_code, scope_from},
    error::unless_taken,
    search::Sql,
};
use crate::store::{
    RelationStore, StoreError, StoreFuture,
    answers::{
        graph::{EDGES_MAX, Edge, Reached, Walk},
        pages::cut,
    },
    columns::{ENDS, RELATION, relation_code},
    rules::{NodeKey, StoredNode, no_node},
};

impl RelationStore for SqliteStore {
    fn relations(&self, request: ListRelations) -> StoreFuture<'_, RelationPage> {
        Box::pin(self.readers.run_short(move |reader| reader.read(|c| page(c, &request))))
    }
}

/// An entry or project as an end of a relation.
pub(super) fn node(connection: &Connection, node: Node) -> Result<Option<StoredNode>, StoreError> {
    let found = match node.kind.entry() {
        Some(kind) => connection
            .prepare_cached(
                "SELECT e.rowid, s.level, s.id FROM entries e JOIN scopes s ON s.key = e.scope \
                 WHERE e.id = ?1 AND e.kind = ?2",
            )?
            .query_row((node.id.0, kind_code(kind)), stored_node),
        None => connection
            .prepare_cached(
                "SELECT -p.scope, s.level, s.id FROM scopes s JOIN projects p ON p.scope = s.key \
                 WHERE s.id = ?1 AND s.level = ?2",
            )?
            .query_row((node.id.0, level_code(ScopeLevel::Project)), stored_node),
    };
    Ok(found.optional()?)
}

fn stored_node(row: &Row<'_>) -> rusqlite::Result<StoredNode> {
    Ok(StoredNode { key: NodeKey(row.get(0)?), scope: scope_from(row, 1)? })
}

fn page(connection: &Connection, request: &ListRelations) -> Result<RelationPage, StoreError> {
    let mut sql = Sql::default();
    sql.push("SELECT ").push(RELATION).push(" FROM relations r ").push(ENDS).push(" WHERE TRUE");
    for (end, field, [of_entry, of_project]) in [
        (request.source, "sourceId", [" AND r.source_entry = ?", " AND r.source_project = ?"]),
        (request.target, "targetId", [" AND r.target_entry = ?", " AND r.target_project = ?"]),
    ] {
        let Some(end) = end else { continue };
        let key = node(connection, end)?.ok_or_else(|| no_node(end, field))?.key;
        sql.with_some(of_entry, key.entry()).with_some(of_project, key.project());
    }
    sql.with_some(" AND r.kind = ?", request.kind.map(relation_code))
        .with(" ORDER BY r.id LIMIT ?", i64::from(request.limit) + 1)
        .with(" OFFSET ?", request.offset);
    let mut statement = connection.prepare_cached(&sql.text)?;
    let rows = statement.query_map(params_from_iter(sql.values), relation_from_row)?;
    let (relations, has_more) = cut(rows.collect::<Result<_, _>>()?, request.limit);
    Ok(RelationPage { relations, has_more })
}

/// Stores a new relation; false when one of its kind is there between the two.
pub(super) fn insert(
    connection: &Connection,
    source: NodeKey,
    target: NodeKey,
    relation: &Relation,
) -> Result<bool, StoreError> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO relations (id, source_entry, source_project, target_entry, target_project, kind, \
             metadata, created_at_ms, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            relation.id.0,
            source.entry(),
            source.project(),
            target.entry(),
            target.project(),
            relation_code(relation.kind),
            relation.metadata.as_ref().map(|json| &json.0),
            relation.created_at_ms,
            relation.created_by
        ]);
    Ok(unless_taken(inserted)?.is_some())
}

/// The relation of that kind between the two.
pub(super) fn between(
    connection: &Connection,
    source: NodeKey,
    target: NodeKey,
    kind: RelationKind,
) -> Result<Option<Relation>, StoreError> {
    static BETWEEN: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {RELATION} FROM relations r {ENDS} \
             WHERE coalesce(r.source_entry, -r.source_project) = ?1 AND coalesce(r.target_entry, -r.target_project) = ?2 AND r.kind = ?3"
        )
    });
    let mut statement = connection.prepare_cached(&BETWEEN)?;
    let found = statement.query_row((source.0, target.0, relation_code(kind)), relation_from_row);
    Ok(found.optional()?.map(|listed| listed.relation))
}

/// How many there are.
pub(super) fn count(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM relations")?;
    Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// Removes the relation of that id, and returns it with its ends.
pub(super) fn remove(connection: &Connection, id: Id) -> Result<Option<ListedRelation>, StoreError> {
    static BY_ID: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {RELATION} FROM relations r {ENDS} WHERE r.id = ?1"));
    let found = connection.prepare_cached(&BY_ID)?.query_row([id.0], relation_from_row).optional()?;
    connection.prepare_cached("DELETE FROM relations WHERE id = ?1")?.execute([id.0])?;
    Ok(found)
}

/// Reads a relation and its ends from the columns of [`RELATION`].
pub(super) fn relation_from_row(row: &Row<'_>) -> rusqlite::Result<ListedRelation> {
    let (source_node, source) = end_from_row(row, 5)?;
    let (target_node, target) = end_from_row(row, 10)?;
    Ok(ListedRelation {
        relation: Relation {
            id: id_from(row, 0)?,
            source: source_node,
            target: target_node,
            kind: from_code(row, 1, &RelationKind::ALL)?,
            metadata: json_from(row, 2)?,
            created_at_ms: row.get(3)?,
            created_by: row.get(4)?,
        },
        source,
        target,
    })
}

/// Kind and id of an entry, null for a project, then scope and name.
fn end_from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<(Node, RelationEnd)> {
    let scope: ScopeRef = scope_from(row, first + 2)?;
    let node = match row.get::<_, Option<[u8; 16]>>(first + 1)? {
        Some(id) => Node { kind: NodeKind::from(kind_from(row, first)?), id: Id(id) },
        None => Node::project(id_from(row, first + 3)?),
    };
    Ok((node, RelationEnd { name: row.get(first + 4)?, scope }))
}

/// Follows relations from some nodes.
pub(super) fn walk(
    connection: &Connection,
    starts: &[NodeKey],
    rules: RelationWalk,
    reached_max: u32,
) -> Result<(Vec<Reached>, bool), StoreError> {
    let mut walk = Walk::from(starts, rules, reached_max);
    while let Some(nodes) = walk.next() {
        let (forward, backward) = walk.ways();
        let mut edges = Vec::new();
        for (place, node) in nodes.into_iter().enumerate() {
            for (is_wanted, is_target) in [(forward, true), (backward, false)] {
                if is_wanted {
                    read_edges(connection, place, node, is_target, walk.kind(), &mut edges)?;
                }
            }
        }
        walk.take(edges);
    }
    Ok(walk.end())
}

/// Reads the relations that begin at a node, or else those that end at it, up to [`EDGES_MAX`] in all.
fn read_edges(
    connection: &Connection,
    place: usize,
    node: NodeKey,
    is_target: bool,
    kind: Option<RelationKind>,
    edges: &mut Vec<Edge>,
) -> Result<(), StoreError> {
    let (near, far) = if is_target { ("source", "target") } else { ("target", "source") };
    let (what, key) = node.project().map_or(("entry", node.0), |project| ("project", project));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT coalesce({far}_entry, -{far}_project), kind FROM relations WHERE {near}_{what} = ?1 \
         AND (?2 IS NULL OR kind = ?2) ORDER BY id LIMIT ?3"
    ))?;
    let left = i64::from(EDGES_MAX) - i64::try_from(edges.len()).unwrap_or(i64::MAX);
    let rows = statement.query_map((key, kind.map(relation_code), left.max(0)), |row| {
        Ok(Edge {
            place,
            other: NodeKey(row.get(0)?),
            kind: from_code(row, 1, &RelationKind::ALL)?,
            is_target,
        })
    })?;
    for edge in rows {
        edges.push(edge?);
    }
    Ok(())
}
