//! The operations that are measured.

use std::str::FromStr;

/// One kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// A frame there and back: what the way costs.
    Echo,
    /// A search that the cache answers.
    CachedRead,
    /// The same, asked by an agent that may read only the project that it asks about.
    CheckedCachedRead,
    /// One entry by id.
    SimpleRead,
    /// The same, asked by such an agent.
    CheckedRead,
    /// The entries of a session's scope, inherited from its project.
    ScopedRead,
    /// Full-text search over two or three words.
    Search,
    /// The context of the project.
    Context,
    /// A new knowledge entry of some 500 bytes.
    Write,
    /// A file checked out and in again, which nobody else asks for: two requests.
    Lock,
}

impl Operation {
    const ALL: [Self; 10] = [
        Self::Echo,
        Self::CachedRead,
        Self::CheckedCachedRead,
        Self::SimpleRead,
        Self::CheckedRead,
        Self::ScopedRead,
        Self::Search,
        Self::Context,
        Self::Write,
        Self::Lock,
    ];

    /// Its public name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::CachedRead => "cached_read",
            Self::CheckedCachedRead => "checked_cached_read",
            Self::SimpleRead => "simple_read",
            Self::CheckedRead => "checked_read",
            Self::ScopedRead => "scoped_read",
            Self::Search => "search",
            Self::Context => "context",
            Self::Write => "write",
            Self::Lock => "lock",
        }
    }

    /// Whether the agent that asks may do only that.
    pub(crate) const fn is_checked(self) -> bool {
        matches!(self, Self::CheckedCachedRead | Self::CheckedRead)
    }

    /// What is asked.
    pub(crate) const fn question(self) -> Self {
        match self {
            Self::CheckedCachedRead => Self::CachedRead,
            Self::CheckedRead => Self::SimpleRead,
            other => other,
        }
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = if text == "read" { "simple_read" } else { text };
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == text)
            .ok_or_else(|| format!("allowed: read, {}", Self::ALL.map(Self::name).join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for operation in Operation::ALL {
            assert_eq!(operation.name().parse(), Ok(operation));
        }
        assert_eq!("read".parse(), Ok(Operation::SimpleRead));
        assert!("reed".parse::<Operation>().expect_err("refused").contains("scoped_read"));
    }
}
