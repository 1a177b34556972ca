//! The parts of an identifier, put together again.

use super::TERM_CHARS_MAX;

/// The parts of an identifier, joined: with a middle dot while all are numbers (so that version
/// 1.2.3 is not the number 123), without anything otherwise.
#[derive(Default)]
pub(super) struct Joined {
    pub(super) text: String,
    pub(super) parts: usize,
    chars: usize,
    has_letters: bool,
    pub(super) start: usize,
}

const NUMBER_JOINER: char = '·';

impl Joined {
    pub(super) fn at(start: usize) -> Self {
        Self { start, ..Self::default() }
    }

    pub(super) fn push(&mut self, part: &str) {
        if self.parts > 0 && self.chars < TERM_CHARS_MAX {
            self.text.push(NUMBER_JOINER);
        }
        self.parts += 1;
        self.has_letters |= !part.bytes().all(|byte| byte.is_ascii_digit());
        for c in part.chars().take(TERM_CHARS_MAX - self.chars) {
            self.text.push(c);
            self.chars += 1;
        }
    }

    /// The whole identifier.
    pub(super) fn whole(&mut self) -> &str {
        if self.has_letters {
            self.text.retain(|c| c != NUMBER_JOINER);
        }
        &self.text
    }
}
