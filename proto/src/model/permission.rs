//! Permissions: what an agent may do in a scope.

use super::{EntryKind, Id, ScopeRef, words};
use crate::codec::{Decode, Encode};

words! {
    /// What an agent may do. Each level includes those before it, lowest first.
    PermissionLevel {
        /// Nothing.
        None = "none",
        /// Read.
        Read = "read",
        /// Read and write.
        Write = "write",
        /// Read, write, remove for good, and let others.
        Admin = "admin",
    }
}

impl PermissionLevel {
    /// The level just below, which is what is left when this one is taken away.
    #[must_use]
    pub const fn below(self) -> Self {
        match self {
            Self::None | Self::Read => Self::None,
            Self::Write => Self::Read,
            Self::Admin => Self::Write,
        }
    }
}

/// What an agent, or everyone, may do in a scope and those below it, until one of those says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Permission {
    /// Its id.
    pub id: Id,
    /// Which agent; [`EVERYONE`](Self::EVERYONE) for all.
    pub agent_id: String,
    /// Where.
    pub scope: ScopeRef,
    /// Entries of which kind; `None` for all, and for what is no entry.
    pub kind: Option<EntryKind>,
    /// What it may do.
    pub level: PermissionLevel,
    /// Which agent said so; `None` for whoever owns the socket.
    pub created_by: Option<String>,
    /// When it was said.
    pub created_at_ms: i64,
}

impl Permission {
    /// Stands for every agent, and for whoever names none.
    pub const EVERYONE: &'static str = "*";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_away_leaves_the_level_below() {
        for pair in PermissionLevel::ALL.windows(2) {
            assert!(pair[0] < pair[1]);
            assert_eq!(pair[1].below(), pair[0]);
        }
        assert_eq!(PermissionLevel::None.below(), PermissionLevel::None);
    }
}
