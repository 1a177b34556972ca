//! Why an answer may be stale, and since when.

use std::fmt;

use crate::codec::{Decode, Encode};

/// Stands before a response that may be stale, in a frame with
/// [`FLAG_EXPLAINED`](crate::frame::FLAG_EXPLAINED).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Degradation {
    /// When the answer was read, in milliseconds before it was sent; `None` when that is not known.
    pub age_ms: Option<u64>,
    /// Why no newer one was read, in words.
    pub reason: String,
}

impl Degradation {
    /// The first protocol version that knows it.
    pub const PROTOCOL: u16 = 2;

    /// As much as a peer of protocol version 1 tells.
    #[must_use]
    pub fn unexplained() -> Self {
        Self { age_ms: None, reason: "a service that the daemon needs is away".to_owned() }
    }
}

/// For people: `answered from the cache, 12 s old: the database cannot be reached`.
impl fmt::Display for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("answered from the cache, ")?;
        match self.age_ms {
            None => f.write_str("of unknown age")?,
            Some(age_ms) => {
                let seconds = age_ms / 1_000;
                match seconds {
                    0 => write!(f, "{age_ms} ms old")?,
                    1..120 => write!(f, "{seconds} s old")?,
                    120..7_200 => write!(f, "{} min old", seconds / 60)?,
                    _ => write!(f, "{} h old", seconds / 3_600)?,
                }
            }
        }
        write!(f, ": {}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_words() {
        let text = |age_ms| Degradation { age_ms, reason: "it is away".to_owned() }.to_string();
        assert_eq!(text(Some(12_345)), "answered from the cache, 12 s old: it is away");
        assert_eq!(text(Some(999)), "answered from the cache, 999 ms old: it is away");
        assert_eq!(text(Some(7_199_999)), "answered from the cache, 119 min old: it is away");
        assert_eq!(text(Some(7_200_000)), "answered from the cache, 2 h old: it is away");
        assert_eq!(text(None), "answered from the cache, of unknown age: it is away");
    }
}
