//! End, pause or take up a session.

use agent_memory_proto::request::EndSession;

use super::{Call, Handled};
use crate::store::Write;

pub(super) async fn handle(call: Call, request: EndSession) -> Handled {
    let answer = call.write(Write::EndSession { id: request.id, status: request.status }).await?;
    // Its locks ended with it.
    call.services.lock_lines.all_freed();
    Ok(answer)
}
