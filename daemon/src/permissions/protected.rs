//! What only those may write who were granted the level admin: rules that every agent follows, and what every
//! project inherits.

use agent_memory_proto::model::{EntryKind, ScopeLevel, ScopeRef};

/// What is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protected {
    /// Guidelines, in every scope.
    pub guidelines: bool,
    /// Entries of the global scope, of every kind.
    pub global: bool,
}

impl Protected {
    /// As the setting lists it; `none` protects nothing.
    #[must_use]
    pub fn of_setting(list: &str) -> Self {
        let has = |word: &str| list.split(',').any(|listed| listed == word);
        Self { guidelines: has("guidelines"), global: has("global") }
    }

    /// As the setting lists it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.guidelines, self.global) {
            (false, false) => "none",
            (true, false) => "guidelines",
            (false, true) => "global",
            (true, true) => "guidelines,global",
        }
    }

    /// Whether it covers entries of a kind in a scope; `None` for any scope but the global one.
    pub(super) fn covers(self, scope: Option<ScopeRef>, kind: Option<EntryKind>) -> bool {
        let is_global = scope.is_some_and(|scope| scope.level == ScopeLevel::Global);
        (self.guidelines && kind == Some(EntryKind::Guideline))
            || (self.global && is_global && kind.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_it_is_named() {
        for name in ["none", "guidelines", "global", "guidelines,global"] {
            assert_eq!(Protected::of_setting(name).name(), name);
        }
    }

    #[test]
    fn what_is_no_entry_is_never_covered() {
        let all = Protected { guidelines: true, global: true };
        assert!(all.covers(Some(ScopeRef::GLOBAL), Some(EntryKind::Tool)));
        assert!(all.covers(None, Some(EntryKind::Guideline)));
        assert!(!all.covers(None, Some(EntryKind::Tool)));
        assert!(!all.covers(Some(ScopeRef::GLOBAL), None));
    }
}
