//! Text analysis: turns any text into the terms that the full-text index holds, the same way for
//! what is stored and for what is asked. Pure functions; no store, no query language lives here.

pub mod entry;
mod fold;
mod joined;
pub mod query;
mod scan;
pub mod similarity;
pub mod snippet;
mod stem;
mod stop_words;
mod term;

pub use term::{Term, index_text, terms};

/// Longest term, in characters. What is longer is cut, in the index and in queries alike.
pub const TERM_CHARS_MAX: usize = 64;
