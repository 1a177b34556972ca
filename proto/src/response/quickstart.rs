//! A started session and its context.

use super::Context;
use crate::{
    codec::{Decode, Encode},
    model::{Project, Session},
};

/// What quickstart bound, started and found.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Quickstarted {
    /// The project.
    pub project: Project,
    /// Whether it was created just now.
    pub project_created: bool,
    /// The session.
    pub session: Session,
    /// Whether an active session was taken up again.
    pub session_resumed: bool,
    /// What is known.
    pub context: Context,
}
