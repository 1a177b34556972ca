//! memory_relation: that one entry or project has to do with another, and how.

use agent_memory_proto::{
    Request,
    model::{Node, NodeKind, RelationKind},
    request::{CreateRelation, DeleteRelation, ListRelations},
};

use super::{
    super::{
        arguments::{Arguments, Refusal},
        scopes::Scopes,
    },
    Tool, page, unplanned,
};

pub(super) const TOOL: Tool = Tool {
    name: "memory_relation",
    actions: &["create", "list", "delete"],
    parameters: &[
        "action",
        "id",
        "sourceType",
        "sourceId",
        "targetType",
        "targetId",
        "relationType",
        "metadata",
        "createdBy",
        "limit",
        "offset",
        "agentId",
        "idempotencyKey",
    ],
    uses_project: false,
    may_create_project: false,
    plan,
};

fn plan(call: &mut Arguments, action: &str, _: &Scopes) -> Result<Request, Refusal> {
    Ok(match action {
        "create" => {
            let (source, target) =
                (node(call, "sourceType", "sourceId")?, node(call, "targetType", "targetId")?);
            let source = call.need("sourceType", source)?;
            let target = call.need("targetType", target)?;
            let kind = kind(call, "relationType")?;
            Request::CreateRelation(CreateRelation {
                source,
                target,
                kind: call.need("relationType", kind)?,
                metadata: call.object("metadata")?,
                created_by: call.text("createdBy")?,
            })
        }
        "list" => {
            let (limit, offset) = page(call)?;
            Request::ListRelations(ListRelations {
                source: node(call, "sourceType", "sourceId")?,
                target: node(call, "targetType", "targetId")?,
                kind: kind(call, "relationType")?,
                limit,
                offset,
            })
        }
        "delete" => Request::DeleteRelation(DeleteRelation { id: call.required("id", Arguments::id)? }),
        other => return Err(unplanned(other)),
    })
}

/// An entry or project of two parameters: both of them, or neither.
pub(super) fn node(call: &mut Arguments, kind: &str, id: &str) -> Result<Option<Node>, Refusal> {
    let allowed = NodeKind::ALL.map(NodeKind::name).join(", ");
    let found = (call.choice::<NodeKind>(kind, &allowed)?, call.id(id)?);
    match found {
        (None, None) => Ok(None),
        (found_kind, found_id) => {
            Ok(Some(Node { kind: call.need(kind, found_kind)?, id: call.need(id, found_id)? }))
        }
    }
}

pub(super) fn kind(call: &mut Arguments, name: &str) -> Result<Option<RelationKind>, Refusal> {
    call.choice(name, &RelationKind::ALL.map(RelationKind::name).join(", "))
}
