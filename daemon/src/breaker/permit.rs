//! What became of a call, and what that says about the service.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    gate::Gate,
    machine::{Ticket, Verdict},
};
use crate::store::StoreError;

/// A call that was given up after so long may have met a service that does not answer.
pub(super) const SUSPICIOUS: Duration = Duration::from_millis(200);

/// A call that was let through.
#[derive(Debug)]
pub struct Permit {
    gate: Gate,
    ticket: Option<Ticket>,
    began: Instant,
}

impl Permit {
    pub(super) const fn new(gate: Gate, ticket: Ticket, began: Instant) -> Self {
        Self { gate, ticket: Some(ticket), began }
    }

    /// Says how the call ended: with success when there is no error.
    pub fn settle(mut self, error: Option<&StoreError>) {
        let verdict = error.map_or(Verdict::Success, of_error);
        if let Some(ticket) = self.ticket.take() {
            self.gate.settle(&ticket, error, verdict);
        }
        if error == Some(&StoreError::DeadlineExceeded) {
            self.suspect_silence();
        }
    }

    fn suspect_silence(&self) {
        if self.began.elapsed() >= SUSPICIOUS {
            self.gate.suspect();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.gate.settle(&ticket, None, Verdict::Nothing);
            self.suspect_silence();
        }
    }
}

/// What an error says about the service: a mistake of the caller, a full disk or a read-only standby
/// were told by a service that is there, and its reads go on.
fn of_error(error: &StoreError) -> Verdict {
    match error {
        StoreError::Unavailable(_) | StoreError::Lost(_) | StoreError::Unsettled(_) => Verdict::Failure,
        StoreError::Refused(_)
        | StoreError::TakenBack(_)
        | StoreError::Contended(_)
        | StoreError::Locked(_)
        | StoreError::DiskFull(_)
        | StoreError::ReadOnly(_) => Verdict::Success,
        // A queue of our own was full, the caller's time was over, one row was damaged, or the
        // driver did not understand an answer.
        StoreError::Busy { .. }
        | StoreError::DeadlineExceeded
        | StoreError::Corrupt(_)
        | StoreError::BreakerOpen { .. }
        | StoreError::Other(_) => Verdict::Nothing,
    }
}
