//! What needs the admin key, where the daemon has one. Without one, whoever may use the socket may do it,
//! but not an agent over MCP: nobody at the keyboard asked for it.

use agent_memory_proto::{ErrorBody, ErrorCode};

use super::Call;

impl Call {
    /// Whether the daemon has an admin key, and this is it.
    pub(crate) fn shows_admin_key(&self, given: Option<&str>) -> bool {
        let key = self.services.config.admin_key.as_ref();
        key.is_some_and(|key| key.matches(given.unwrap_or_default()))
    }

    /// Refuses what can do harm unless the key is right; `what` names it in words.
    pub(super) fn check_admin(&self, what: &str, given: Option<&str>) -> Result<(), ErrorBody> {
        let suggestion = match &self.services.config.admin_key {
            Some(_) if self.shows_admin_key(given) => return Ok(()),
            Some(_) => "Give the value of the daemon's AGENT_MEMORY_ADMIN_KEY",
            None if !self.is_bridge => return Ok(()),
            None => {
                "The daemon has no admin key, so over MCP nobody may: set AGENT_MEMORY_ADMIN_KEY for the daemon and \
                 give it, or ask the user to do it with agent-memory at the command line"
            }
        };
        tracing::warn!(agent = self.agent, "refused: {what} without the right admin key");
        Err(ErrorBody::new(ErrorCode::PermissionDenied, format!("{what} needs the admin key"))
            .with_field("admin_key")
            .with_suggestion(suggestion))
    }
}
