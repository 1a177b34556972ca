//! Agents whose names are proved: what is kept of their tokens.

use agent_memory_proto::model::Agent;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// An agent that was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgent {
    /// The agent.
    pub agent: Agent,
    /// The hash of its token.
    pub token: SecretHash,
}

/// The SHA-256 of a token or a key, compared in constant time.
#[derive(Clone, Copy)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// That of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_its_token_and_is_not_shown() {
        let hash = SecretHash::of("amt_1");
        assert_eq!(hash, SecretHash::of("amt_1"));
        assert_ne!(hash, SecretHash::of("amt_2"));
        assert_eq!(format!("{hash:?}"), "SecretHash");
    }
}
