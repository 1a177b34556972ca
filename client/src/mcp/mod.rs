//! The MCP bridge: an agent speaks MCP to it over stdin and stdout, it speaks frames to the daemon.
//! The handshake and the lists are answered here at once, while the daemon starts behind.

mod admin;
mod answer;
mod arguments;
mod bound;
mod bridge;
mod lines;
mod malformed;
mod memory;
mod names;
mod nearest;
mod own_locks;
mod parent;
mod prompts;
mod resources;
mod scopes;
mod server;
mod stdio;
mod text;
mod tools;
mod transfer;
mod transport;

use std::{path::PathBuf, sync::Arc};

use rmcp::service::{QuitReason, serve_directly_with_ct};
use tokio_util::sync::CancellationToken;

pub use self::admin::AdminKey;
use self::{
    bound::Bound,
    bridge::Bridge,
    server::{Profile, Server},
    transport::LineTransport,
};
use crate::{ConnectOptions, ReconnectingClient, binding::Binding};

/// How a bridge is run.
#[derive(Clone, Debug)]
pub struct BridgeOptions {
    /// How the daemon is reached.
    pub connect: ConnectOptions,
    /// The project that calls mean when they name none.
    pub binding: Option<Binding>,
    /// The working directory, absolute.
    pub working_dir: PathBuf,
    /// Whether all tools are listed (`AGENT_MEMORY_TOOLS=full`), not only those of the default.
    pub lists_all_tools: bool,
    /// Given where a call that needs an administrator has no key of its own.
    pub admin_key: Option<AdminKey>,
}

/// Serves the client on stdin and stdout until stdin ends, the parent dies or nobody reads stdout.
/// Nothing else may write to stdout meanwhile. A read of stdin may still be pending in a thread
/// afterwards: the caller ends the runtime with `shutdown_background`.
///
/// # Errors
/// When a task of the session failed.
pub async fn run(options: BridgeOptions) -> Result<(), tokio::task::JoinError> {
    let end = CancellationToken::new();
    parent::watch(&end);
    let client = ReconnectingClient::new(options.connect);
    let starting = client.clone();
    tokio::spawn(async move {
        // So that the first call finds a daemon; whether that worked, the call will tell.
        if let Err(error) = starting.client().await {
            tracing::warn!(%error, "no daemon yet");
        }
        memory::forget_startup_code();
    });
    let bridge = Bridge::new(client, Bound::new(options.binding, options.working_dir), options.admin_key);
    let profile = if options.lists_all_tools { Profile::Full } else { Profile::Default };
    let bridge = Arc::new(bridge);
    let server = Server::new(Arc::clone(&bridge), profile);
    let (read, write) = stdio::open();
    let transport = LineTransport::new(read, write, end.clone());
    let quit = serve_directly_with_ct(server, transport, None, end).waiting().await;
    bridge.end().await;
    match quit? {
        QuitReason::JoinError(error) => Err(error),
        _ => Ok(()),
    }
}
