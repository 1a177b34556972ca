//! What needs the admin key, where the daemon has one; without one, whoever may use the socket may do it.

use agent_memory_proto::{ErrorBody, ErrorCode};

use super::Call;

impl Call {
    /// Refuses what can do harm unless the key is right; `what` names it in words.
    pub(super) fn check_admin(&self, what: &str, given: Option<&str>) -> Result<(), ErrorBody> {
        match &self.services.config.admin_key {
            Some(key) if !key.matches(given.unwrap_or_default()) => {
                tracing::warn!(agent = self.agent, "refused: {what} with a wrong admin key");
                Err(ErrorBody::new(ErrorCode::PermissionDenied, format!("{what} needs the admin key"))
                    .with_field("admin_key")
                    .with_suggestion("Give the value of the daemon's AGENT_MEMORY_ADMIN_KEY"))
            }
            _ => Ok(()),
        }
    }
}
