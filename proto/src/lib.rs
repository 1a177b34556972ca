//! The contract between `agent-memoryd` and its clients: handshake, frames, requests, responses,
//! events and error codes. No I/O and no runtime lives here: bytes in, bytes out.
//!
//! A connection starts with a handshake of fixed layout ([`handshake`]), which settles the protocol
//! version before any message. After it both sides send length-prefixed frames ([`frame`]), whose
//! payloads are encoded by [`codec`]. The encoding is positional, so messages are append-only: new
//! variants go to the end of their enum, and a changed struct is a new variant. The golden bytes in
//! `tests/golden.rs` hold that rule.

#![warn(missing_docs)]

pub mod codec;
pub mod error;
pub mod event;
pub mod frame;
pub mod handshake;
pub mod limits;
pub mod model;
pub mod request;
pub mod response;
pub mod settings;

pub use error::{ErrorBody, ErrorCode};
pub use event::Event;
pub use request::Request;
pub use response::Response;

/// The version of these crates, as sent in the handshake.
pub const BUILD: &str = env!("CARGO_PKG_VERSION");
