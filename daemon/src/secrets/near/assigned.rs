//! Values that are secrets because of the name before them: `aws_secret_access_key = …`.

use std::ops::Range;

use super::{
    super::{
        pieces::{Set, padding},
        plausible::is_random,
    },
    VALUE_MAX,
};

/// Characters between a name and its value at most.
const BETWEEN_MAX: usize = 12;

/// Where the value begins that is assigned to the name that ends here: `name = "value`, `"name": "value`,
/// `name: value`, `name=>value`. `None` when nothing is assigned.
pub(super) fn value_start(text: &str, name_end: usize) -> Option<usize> {
    let mut assigns = false;
    for (at, byte) in text.as_bytes()[name_end..].iter().enumerate().take(BETWEEN_MAX) {
        match byte {
            b'=' | b':' => assigns = true,
            b'>' if assigns => {}
            b' ' | b'\t' | b'"' | b'\'' | b'\\' | b'`' => {}
            _ => return assigns.then_some(name_end + at),
        }
    }
    None
}

/// The value that is assigned, of so many characters of a set, by itself.
fn value(text: &str, hit: &Range<usize>, set: Set, lengths: Range<usize>) -> Option<Range<usize>> {
    let start = value_start(text, hit.end)?;
    let bytes = &text.as_bytes()[start..];
    let length = bytes.iter().take(lengths.end + 1).take_while(|byte| set.has(**byte)).count();
    if !lengths.contains(&length) || !is_random(&text[start..start + length], false) {
        return None;
    }
    Some(start..start + length + padding(&bytes[length..]))
}

/// 40 characters of base64.
pub(in crate::secrets) fn aws_secret(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    value(text, &hit, Set::Base64, 40..41)
}

/// A session's token is long.
pub(in crate::secrets) fn aws_session(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    value(text, &hit, Set::Base64, 100..4_097)
}

/// Keys of 32 or 64 bytes in base64, with their padding.
pub(in crate::secrets) fn base64_key(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let found = value(text, &hit, Set::Base64, 43..87)?;
    (matches!(found.len(), 44 | 88) && text[found.clone()].ends_with('=')).then_some(found)
}

/// The signature of an address of Azure that grants access: `sig=` and 32 bytes in base64, mostly with its
/// padding as `%3D`, beside the version `sv=` or the end `se=` of the grant.
pub(in crate::secrets) fn azure_signature(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_query = matches!(hit.start.checked_sub(1).map(|at| bytes[at]), Some(b'?' | b'&' | b';'));
    let is_of_value = |byte: &u8| Set::Base64.has(*byte) || *byte == b'%';
    let length = bytes[hit.end..].iter().take(VALUE_MAX).take_while(|byte| is_of_value(byte)).count();
    let length = length + padding(&bytes[hit.end + length..]);
    let found = hit.end..hit.end + length;
    let value = &text[found.clone()];
    let is_padded = value.ends_with('=') || value.to_ascii_lowercase().ends_with("%3d");
    if !is_query || !is_padded || !(44..=90).contains(&length) || !is_random(value, false) {
        return None;
    }
    let around = around(text, &found);
    (around.contains("se=") || around.contains("sv=")).then_some(found)
}

/// The credentials of `Authorization: Bearer …`, `Basic …` or `Token …`.
pub(in crate::secrets) fn authorization(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let scheme = value_start(text, hit.end)?;
    let rest = &text[scheme..];
    let scheme_end = rest.bytes().take(8).take_while(u8::is_ascii_alphabetic).count();
    if !["bearer", "basic", "token"].contains(&rest[..scheme_end].to_ascii_lowercase().as_str()) {
        return None;
    }
    let blanks = rest[scheme_end..].bytes().take(4).take_while(|byte| *byte == b' ').count();
    let start = scheme + scheme_end + blanks;
    let is_of_value = |byte: &u8| Set::Base64.has(*byte) || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'=');
    let length = text.as_bytes()[start..].iter().take(8_192).take_while(|byte| is_of_value(byte)).count();
    let found = start..start + length;
    (blanks > 0 && length >= 12 && is_random(&text[found.clone()], false)).then_some(found)
}

/// What stands around a value on its line, in lower case.
pub(super) fn around(text: &str, value: &Range<usize>) -> String {
    let bytes = text.as_bytes();
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let before = bytes[..value.start].iter().rev().take(VALUE_MAX).take_while(|byte| !is_end(byte)).count();
    let after = bytes[value.end..].iter().take(VALUE_MAX).take_while(|byte| !is_end(byte)).count();
    let line = &bytes[value.start - before..value.end + after];
    String::from_utf8_lossy(line).to_ascii_lowercase()
}
