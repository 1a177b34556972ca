//! Stop the daemon as SIGTERM does.

use agent_memory_proto::{
    Response,
    model::{AuditAction, AuditKind},
};

use super::{Answer, Call};
use crate::lifecycle::Phase;

pub(super) fn handle(call: &Call) -> Answer {
    let agent = call.agent.as_deref().unwrap_or("a client");
    call.note(AuditAction::Stop, AuditKind::Daemon, None);
    call.services.shutdown.advance(Phase::Draining, &format!("asked to by {agent}"));
    Response::Done.into()
}
