//! Hand-over: a newer client asks an idle older daemon to exit.

use crate::codec::{Decode, Encode};

/// Granted when the daemon is older than `build`, has no other connection, and no service manager
/// decides its life; refused with `Busy` otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct HandOver {
    /// The build that wants to take over, as `1.2.3`.
    pub build: String,
}
