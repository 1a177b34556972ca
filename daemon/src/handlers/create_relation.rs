//! Create a relation.

use agent_memory_proto::{model::Relation, request::CreateRelation};

use super::{
    Call, Handled,
    checks::{self, JsonShape},
};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: CreateRelation) -> Handled {
    let relation = Relation {
        id: call.new_id(),
        source: request.source,
        target: request.target,
        kind: request.kind,
        metadata: checks::json("metadata", request.metadata, JsonShape::Object)?,
        created_at_ms: call.now_ms,
        created_by: call.agent_or("createdBy", request.created_by)?,
    };
    call.write(Write::CreateRelation(relation)).await
}
