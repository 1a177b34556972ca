//! The daemon: one process that owns a memory store and serves it over a local socket. A library,
//! so that a test can start it; `main.rs` only parses, builds and waits.

mod abandoned;
pub mod actors;
mod audit;
pub mod backups;
pub mod breaker;
pub mod cache;
pub mod clock;
pub mod config;
pub mod db;
pub mod following;
mod handlers;
mod hearing;
mod hygiene;
pub mod imports;
pub mod latencies;
pub mod lifecycle;
pub mod limiter;
pub mod lock_lines;
mod members;
pub mod memory;
pub mod permissions;
pub mod places;
pub mod redis;
pub mod remember;
pub mod secrets;
pub mod server;
pub mod services;
mod session;
pub mod store;
pub mod stores;
pub mod supervisor;
pub mod telemetry;
pub mod text;
pub mod transport;
#[cfg(test)]
mod waiting;
