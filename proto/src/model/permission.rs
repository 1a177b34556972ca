//! Permissions: what an agent may do in a scope.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{EntryKind, Id, ScopeRef};
use crate::codec::{Decode, Encode};

/// What an agent may do. Each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PermissionLevel {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Read and write.
    Write,
    /// Read, write, remove for good, and let others.
    Admin,
}

impl PermissionLevel {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::None, Self::Read, Self::Write, Self::Admin];

    /// The public name, as `read`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

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

impl fmt::Display for PermissionLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PermissionLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or(())
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
