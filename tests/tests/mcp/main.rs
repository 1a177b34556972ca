//! The MCP bridge, as agents and real clients see it. One executable: each costs a link.

mod backup;
mod hostile_calls;
mod hostile_text;
mod hygiene;
mod life;
mod protocol;
mod sdk_clients;
mod tasks;
mod tools;
mod transfer;
