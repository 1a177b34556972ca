//! Client library of agent-memory: connect to the daemon of a data directory (starting it when
//! nobody answers), call it with many requests in flight, follow its events, and survive its
//! restarts. The command line, the benchmark and the MCP bridge are built on nothing else.

#![warn(missing_docs)]

pub mod binding;
mod call;
mod client;
mod connect;
mod connection;
mod error;
pub mod file_path;
mod keys;
mod locations;
pub mod mcp;
mod reconnect;
pub mod render;
mod start;
pub mod times;
pub mod transfer;
mod transport;
mod version;

pub use call::{CallOptions, EncodedReply, Reply};
pub use client::{Client, Events};
pub use connect::{AgentToken, ConnectOptions, StartPolicy, holder as daemon_holder, probe};
pub use error::{ClientError, DenialCause};
pub use keys::new_key;
pub use locations::Locations;
pub use reconnect::ReconnectingClient;
pub use start::find_program as find_daemon;
pub use version::is_older;
