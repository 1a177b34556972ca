//! Scopes: `global > org > project > session`. A query inherits upwards.

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::Id;
use crate::codec::{Decode, Encode};

/// How wide a scope is. Ordered from the widest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeLevel {
    /// Everything in the store.
    Global,
    /// One organisation.
    Org,
    /// One project.
    Project,
    /// One session of a project.
    Session,
}

impl ScopeLevel {
    /// Every level, widest first.
    pub const ALL: [Self; 4] = [Self::Global, Self::Org, Self::Project, Self::Session];

    /// The public name, as `project`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Org => "org",
            Self::Project => "project",
            Self::Session => "session",
        }
    }
}

impl fmt::Display for ScopeLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ScopeLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or(())
    }
}

/// One scope: a level and, except for global, the id of its organisation, project or session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize)]
pub struct ScopeRef {
    /// How wide it is.
    #[serde(rename = "type")]
    pub level: ScopeLevel,
    /// Of what; `None` for global only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
}

impl ScopeRef {
    /// The scope that contains every other.
    pub const GLOBAL: Self = Self { level: ScopeLevel::Global, id: None };

    /// The scope of a project.
    #[must_use]
    pub const fn project(id: Id) -> Self {
        Self { level: ScopeLevel::Project, id: Some(id) }
    }

    /// The scope of an organisation.
    #[must_use]
    pub const fn org(id: Id) -> Self {
        Self { level: ScopeLevel::Org, id: Some(id) }
    }

    /// The scope of a session.
    #[must_use]
    pub const fn session(id: Id) -> Self {
        Self { level: ScopeLevel::Session, id: Some(id) }
    }
}

impl fmt::Display for ScopeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "{}:{id}", self.level),
            None => self.level.fmt(f),
        }
    }
}
