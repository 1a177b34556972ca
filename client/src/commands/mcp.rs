//! `agent-memory mcp`: the MCP bridge on stdin and stdout, for as long as its agent runs.

use agent_memory_client::{
    ConnectOptions,
    mcp::{self, AdminKey, BridgeOptions},
};
use agent_memory_proto::handshake::Purpose;

use crate::{failure::Failure, invocation::Invocation};

/// Serves until the agent goes away.
pub(crate) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    // The standard hook resolves symbols when a backtrace is asked for, which costs 30 MB for good.
    std::panic::set_hook(Box::new(|panic| eprintln!("agent-memory mcp: internal error: {panic}")));
    let connect = ConnectOptions { purpose: Purpose::Bridge, ..invocation.connect_options().clone() };
    let options = BridgeOptions {
        connect,
        binding: invocation.binding(),
        working_dir: invocation.working_dir().to_owned(),
        lists_all_tools: invocation.locations.settings.text("TOOLS") == Some("full"),
        admin_key: invocation.locations.settings.text("ADMIN_KEY").map(AdminKey::new),
    };
    mcp::run(options)
        .await
        .map_err(|error| Failure::local(format!("the session ended with a failure: {error}")))
}
