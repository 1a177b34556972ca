//! Create an organisation.

use agent_memory_proto::{limits, model::Org, request::CreateOrg};

use super::{
    Call, Handled,
    checks::{self, JsonShape},
};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: CreateOrg) -> Handled {
    checks::name("name", &request.name, limits::NAME_CHARS_MAX)?;
    let org = Org {
        id: request.id.unwrap_or_else(|| call.new_id()),
        name: request.name,
        metadata: checks::json("metadata", request.metadata, JsonShape::Object)?,
        created_at_ms: call.now_ms,
    };
    call.write(Write::CreateOrg(org)).await
}
