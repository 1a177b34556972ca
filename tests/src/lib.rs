//! What the tests of the real executables share: a private instance for each test, the executables
//! in it, the socket spoken by hand, and the one place that waits. No test's own logic lives here.

#![warn(missing_docs)]

mod audited;
mod backend;
mod bridge;
mod cli;
mod daemon;
mod environment;
mod executables;
pub mod history;
pub mod hostile;
mod instance;
mod mcp_stream;
pub mod model;
pub mod random_store;
pub mod recall;
pub mod requests;
mod runtime;
mod wait;
mod wire;
mod workload;

pub use audited::check_audit;
pub use backend::Backend;
pub use bridge::Bridge;
pub use cli::Ran;
pub use daemon::{Daemon, Exit};
pub use environment::from_environment;
pub use executables::{CLIENT, DAEMON, executable};
pub use instance::Instance;
pub use mcp_stream::McpStream;
pub use runtime::on_runtime;
pub use wait::{StopOnDrop, until, until_within};
pub use wire::{Frame, Hello, Wire, request_frame};
pub use workload::{Refusals, Workload, entries, titles};
