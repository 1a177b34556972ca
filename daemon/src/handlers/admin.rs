//! What needs the admin key, where the daemon has one. Without one, whoever may use the socket may do it,
//! but not an agent over MCP: nobody at the keyboard asked for it. Where names are proved, no agent may.

use agent_memory_proto::{ErrorBody, ErrorCode};

use super::Call;

impl Call {
    /// Whether the daemon has an admin key, and this is it. Who gave a wrong one waits before the next is looked at.
    ///
    /// # Errors
    /// `Busy` when too many wait.
    pub(crate) async fn shows_admin_key(&self, given: Option<&str>) -> Result<bool, ErrorBody> {
        let (Some(key), Some(given)) = (&self.services.config.admin_key, given) else { return Ok(false) };
        let guesses = &self.services.guesses;
        guesses.pause(&self.credentials).await?;
        let is_right = key.matches(given);
        if !is_right {
            guesses.note("admin key", self.agent.as_deref(), &self.credentials);
        }
        Ok(is_right)
    }

    /// Refuses what can do harm unless the key is right; `what` names it in words.
    pub(super) async fn check_admin(&self, what: &str, given: Option<&str>) -> Result<(), ErrorBody> {
        let suggestion = match &self.services.config.admin_key {
            Some(_) if self.shows_admin_key(given).await? => return Ok(()),
            Some(_) => "Give the value of the daemon's AGENT_MEMORY_ADMIN_KEY",
            None if self.by_hand => return Ok(()),
            None => {
                "The daemon has no admin key, so no agent may: set AGENT_MEMORY_ADMIN_KEY for the daemon and \
                 give it, or ask the user to do it with agent-memory at the command line"
            }
        };
        tracing::warn!(agent = self.agent, "refused: {what} without the right admin key");
        Err(ErrorBody::new(ErrorCode::PermissionDenied, format!("{what} needs the admin key"))
            .with_field("admin_key")
            .with_suggestion(suggestion))
    }
}
