//! What follows an anchor: runs of characters of a set, and fixed texts between them. No backtracking.

use std::ops::Range;

use super::plausible;

/// Which characters a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// `0-9`
    Digits,
    /// `0-9a-f`
    Hex,
    /// `A-Z2-7`
    Base32,
    /// `0-9a-z`
    Lower,
    /// `0-9A-Z`
    Upper,
    /// `0-9A-Za-z`
    Alnum,
    /// `0-9A-Za-z+/`, and `=` at the end
    Base64,
    /// `0-9A-Za-z_-`
    Url,
    /// `0-9A-Za-z_-.`
    Dotted,
}

impl Set {
    pub(super) const fn has(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Lower => matches!(byte, b'0'..=b'9' | b'a'..=b'z'),
            Self::Upper => matches!(byte, b'0'..=b'9' | b'A'..=b'Z'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
        }
    }
}

/// One piece of a token.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    /// So many characters of a set, at least and at most.
    Run(Set, usize, usize),
    /// This text.
    Text(&'static str),
}

/// The token that begins with an anchor, if it is one: written as the anchor is, by itself, and plausible.
pub(super) fn token(text: &str, hit: Range<usize>, anchor: &str, pieces: &[Piece]) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let first =
        pieces.iter().find_map(|piece| if let Piece::Run(set, ..) = piece { Some(*set) } else { None });
    if &text[hit.clone()] != anchor || !begins_alone(bytes, hit.start, first) {
        return None;
    }
    let mut end = hit.end;
    let mut last = None;
    for piece in pieces {
        match *piece {
            Piece::Run(set, least, most) => {
                end += run(&bytes[end..], set, least, most)?;
                last = Some(set);
            }
            Piece::Text(part) => {
                end = text.get(end..)?.starts_with(part).then_some(end + part.len())?;
                last = None;
            }
        }
    }
    if last == Some(Set::Base64) {
        end += padding(&bytes[end..]);
    }
    // The end of a sentence is no part of it.
    if last == Some(Set::Dotted) {
        end -= bytes[hit.end..end].iter().rev().take_while(|byte| matches!(byte, b'.' | b'-')).count();
    }
    let goes_on = bytes.get(end).is_some_and(|byte| last.is_some_and(|set| is_word(set, *byte)));
    let secret = &text[hit.end..end];
    (!goes_on && plausible::is_random(secret, last == Some(Set::Base32))).then_some(hit.start..end)
}

/// The length of a run of a set; `None` when it is too short or too long.
pub(super) fn run(bytes: &[u8], set: Set, least: usize, most: usize) -> Option<usize> {
    let length = bytes.iter().take(most + 1).take_while(|byte| set.has(**byte)).count();
    // A longer run is something else, unless the next piece is told from it by its length.
    (least..=most).contains(&length).then_some(length).or((least == most && length > most).then_some(most))
}

fn is_word(set: Set, byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || (set != Set::Hex && byte == b'_') || set.has(byte)
}

/// The `=` at the end of base64.
pub(super) fn padding(bytes: &[u8]) -> usize {
    bytes.iter().take(2).take_while(|byte| **byte == b'=').count()
}

/// Whether no word goes on to here: what stands before is no letter, digit, joiner or other character of the
/// set that follows, but for the end of an escape as in `\n` or `%3D`. So no run is looked through twice.
pub(super) fn begins_alone(bytes: &[u8], start: usize, set: Option<Set>) -> bool {
    let before = |back: usize| start.checked_sub(back).map(|at| bytes[at]);
    let Some(last) = before(1) else { return true };
    if last.is_ascii_alphanumeric() || matches!(last, b'_' | b'-') || set.is_some_and(|set| set.has(last)) {
        let is_escaped = matches!(last, b'n' | b'r' | b't') && before(2) == Some(b'\\');
        let is_percent = last.is_ascii_hexdigit()
            && before(2).is_some_and(|byte| byte.is_ascii_hexdigit())
            && before(3) == Some(b'%');
        return is_escaped || is_percent;
    }
    true
}
