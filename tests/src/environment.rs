//! What the environment of a run of the tests sets: how long they go on, how much they store.

use std::str::FromStr;

/// The value of a variable; `default` where it is not set, or says nothing that can be read.
#[must_use]
pub fn from_environment<T: FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
