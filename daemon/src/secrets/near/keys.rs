//! Keys and tokens by their inner structure.

use std::ops::Range;

use super::super::{
    pieces::{Set, begins_alone, run},
    plausible::is_random,
};

/// Longest private key, and longest part of a signed token.
const KEY_BYTES_MAX: usize = 16 * 1_024;
const PART_BYTES_MAX: usize = 8 * 1_024;
/// Fewer characters are no key but a sketch of one.
const KEY_CHARS_MIN: usize = 48;
/// How the payload of the signed token begins that everybody shows as an example (subject `1234567890`).
const EXAMPLE_SUBJECT: &str = "eyJzdWIiOiIxMjM0NTY3ODkw";

/// `header.payload.signature`, the first two of them JSON objects.
pub(in crate::secrets) fn jwt(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if &text[hit.clone()] != "eyJ" || !begins_alone(bytes, hit.start, None) {
        return None;
    }
    let part = |start: usize, least| run(&bytes[start..], Set::Url, least, PART_BYTES_MAX).map(|n| start + n);
    let after_dot = |end: usize| (bytes.get(end) == Some(&b'.')).then_some(end + 1);
    let payload = after_dot(part(hit.start, 15)?)?;
    let rest = &text[payload..];
    if !rest.starts_with("eyJ") || rest.starts_with(EXAMPLE_SUBJECT) {
        return None;
    }
    let signature = after_dot(part(payload, 15)?)?;
    let end = part(signature, 20)?;
    is_random(&text[signature..end], false).then_some(hit.start..end)
}

/// A private key in PEM, also with its line ends written as `\n`: all of it.
pub(in crate::secrets) fn private_key(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let label_end = hit.end
        + text[hit.end..].bytes().take(40).take_while(|byte| matches!(byte, b'A'..=b'Z' | b' ')).count();
    let label = &text[hit.end..label_end];
    if !label.trim_end_matches(" BLOCK").ends_with("PRIVATE KEY") || !text[label_end..].starts_with("-----") {
        return None;
    }
    let body = label_end + 5;
    let bytes = &text.as_bytes()[body..];
    // A body has no row of hyphens: that is its end, or the beginning of another.
    let is_within = |at: &usize| is_of_key(bytes[*at]) && !bytes[*at..].starts_with(b"-----");
    let length = (0..bytes.len().min(KEY_BYTES_MAX)).take_while(is_within).count();
    let written = bytes[..length].iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    if written < KEY_CHARS_MIN {
        return None;
    }
    let after = body + length;
    let rest = &text[after..];
    let footer = rest.strip_prefix("-----END ").and_then(|end| end.get(..60.min(end.len()))?.find("-----"));
    Some(hit.start..footer.map_or(after, |at| after + "-----END ".len() + at + 5))
}

const fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'+' | b'/' | b'=' | b'\n' | b'\r' | b'\t' | b' ' | b'\\' | b'-' | b':' | b',' | b'.'
        )
}

/// Keys of OpenAI before they named their kind, and of those who took over the form.
pub(in crate::secrets) fn openai_key(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if &text[hit.clone()] != "sk-" || !begins_alone(bytes, hit.start, None) {
        return None;
    }
    let end = hit.end + run(&bytes[hit.end..], Set::Alnum, 32, 64)?;
    let secret = &text[hit.end..end];
    let is_openai = secret.len() == 48 && secret.get(20..28) == Some("T3BlbkFJ");
    let is_plain = matches!(secret.len(), 32 | 48) && is_random(secret, false);
    let ends = !bytes.get(end).is_some_and(|byte| matches!(byte, b'-' | b'_'));
    (ends && (is_openai || is_plain)).then_some(hit.start..end)
}

/// `123456789:AA…`, the number of a bot and its key.
pub(in crate::secrets) fn telegram_token(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let digits = bytes[..hit.start].iter().rev().take(11).take_while(|byte| byte.is_ascii_digit()).count();
    let start = hit.start - digits;
    if !(8..=10).contains(&digits) || !begins_alone(bytes, start, None) || &text[hit.clone()] != ":AA" {
        return None;
    }
    let end = hit.end + run(&bytes[hit.end..], Set::Url, 33, 33)?;
    let goes_on = bytes.get(end).is_some_and(|byte| Set::Url.has(*byte));
    (!goes_on && is_random(&text[hit.end..end], false)).then_some(start..end)
}

/// Secrets of applications of Azure: three characters, a digit, `Q~`, and 31 to 34 more.
pub(in crate::secrets) fn azure_client_secret(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_of_secret = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'.' | b'-');
    let start = hit.start.checked_sub(4)?;
    let before = &bytes[start..hit.start];
    if &text[hit.clone()] != "Q~"
        || !before[3].is_ascii_digit()
        || !before.iter().all(|byte| is_of_secret(*byte))
    {
        return None;
    }
    let length = bytes[hit.end..].iter().take(35).take_while(|byte| is_of_secret(**byte)).count();
    let end = hit.end + length;
    // The end of a sentence is no part of it.
    let end = end - usize::from(length > 31 && bytes[end - 1] == b'.');
    let is_alone = begins_alone(bytes, start, None) && (31..=34).contains(&(end - hit.end));
    (is_alone && is_random(&text[hit.end..end], false)).then_some(start..end)
}
