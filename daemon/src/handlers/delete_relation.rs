//! Remove a relation.

use agent_memory_proto::request::DeleteRelation;

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: DeleteRelation) -> Handled {
    call.write(Write::DeleteRelation(request.id)).await
}
