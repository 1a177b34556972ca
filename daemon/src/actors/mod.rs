//! Actors: the only place, with `supervisor`, that names the actor library. Others see handles
//! with named methods, and every mailbox behind them is bounded.

mod arbiters;
mod group_commit;
mod task;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;
mod worker;

pub use arbiters::{Arbiters, block_on, current_session_arbiter, spawn_in_turn, spawn_local};
pub use group_commit::{BatchWriter, WriterHandle};
pub use task::keep_running;
#[cfg(test)]
pub(crate) use together::all_at_once;
pub use worker::{WorkerHandle, WorkerPool};
