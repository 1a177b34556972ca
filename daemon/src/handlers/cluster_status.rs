//! List the daemons of the store.

use agent_memory_proto::{
    Response,
    response::{ClusterDaemon, ClusterStatus},
};

use super::{Call, Handled};
use crate::members;

pub(super) async fn handle(call: Call) -> Handled {
    let (mut daemons, has_more) = call.services.store.members.members().await?;
    let own = members::own(&call.services);
    let answered_by = own.id;
    match daemons.iter_mut().find(|daemon| daemon.id == own.id) {
        // The others see it by the clock of the store; how it is, it knows better itself.
        Some(known) => *known = ClusterDaemon { started_at_ms: known.started_at_ms, ..own },
        None => daemons.insert(0, own),
    }
    Ok(Response::ClusterStatus(Box::new(ClusterStatus { answered_by, daemons, has_more })).into())
}
