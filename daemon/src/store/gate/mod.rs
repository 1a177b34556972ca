//! The gate before every write: no text reaches a store that was not looked through for secrets. What has
//! passed is told by its type, so that nothing goes around it.

mod links;
mod report;
mod tasks;
#[cfg(test)]
mod tests;
mod texts;
mod tidy;
mod walk;

use std::ops::Deref;

use agent_memory_proto::ErrorBody;

pub(crate) use report::Masked;
use walk::Walk;

/// What is done about a secret in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsMode {
    /// Something else is stored in its place, and that is told.
    Mask,
    /// The write is refused.
    Refuse,
    /// Nothing.
    Allow,
}

impl SecretsMode {
    /// The mode of that name; masks when there is none.
    #[must_use]
    pub fn from_name(name: Option<&str>) -> Self {
        match name {
            Some("refuse") => Self::Refuse,
            Some("allow") => Self::Allow,
            _ => Self::Mask,
        }
    }
}

/// What has passed the gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Gated<T>(T);

impl<T> Gated<T> {
    /// What the daemon made itself, for a measurement or a test.
    pub(in crate::store) const fn of_daemon(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Gated<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What has texts that somebody gave.
pub(crate) trait Texts {
    /// Shows each of them to the gate, which may change it.
    ///
    /// # Errors
    /// What the gate refuses.
    fn show(&mut self, walk: &mut Walk<'_>) -> Result<(), ErrorBody>;
}

/// Lets something through the gate, its secrets masked as the mode says; what was masked is noted.
///
/// # Errors
/// When it has a secret that may not be, or cannot be, masked.
pub(crate) fn pass<T: Texts>(
    mode: SecretsMode,
    mut value: T,
    masked: &Masked,
) -> Result<Gated<T>, ErrorBody> {
    if mode != SecretsMode::Allow {
        value.show(&mut Walk::new(mode, masked))?;
    }
    Ok(Gated(value))
}

/// As [`pass`] for a single text, before something is made from it.
///
/// # Errors
/// When it has a secret and the mode refuses it.
pub(crate) fn pass_text(
    mode: SecretsMode,
    field: &'static str,
    mut text: String,
    masked: &Masked,
) -> Result<String, ErrorBody> {
    if mode != SecretsMode::Allow {
        Walk::new(mode, masked).text(field, &mut text)?;
    }
    Ok(text)
}
