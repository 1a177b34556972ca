//! Passwords in addresses and connection strings. Only the password is the secret: the rest says where
//! something is, which is worth remembering.

use std::ops::Range;

use super::{
    super::{MASK_START, plausible::is_example},
    VALUE_MAX,
    assigned::{around, value_start},
};

/// Passwords that hide nothing: everybody tries them first, and documents are full of them.
const KNOWN_PASSWORDS: &[&str] = &[
    "p", "pw", "pwd", "pass", "passwd", "password", "passw0rd", "secret", "postgres", "root", "admin",
    "guest", "test", "user", "mysql", "redis", "mongo", "token", "key", "foo", "bar", "xxx", "...",
    "hunter2", "1234", "12345", "123456",
];
/// Addresses of these services are often written with a password that holds characters it must not hold.
const DATABASE_SCHEMES: &[&str] = &[
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "amqp",
    "amqps",
];

/// The password of `scheme://user:password@host`.
pub(in crate::secrets) fn url_password(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme_length =
        bytes[..hit.start].iter().rev().take(24).take_while(|byte| is_of_scheme(byte)).count();
    let rest = &bytes[hit.end..];
    if scheme_length == 0 {
        return None;
    }
    let is_end = |byte: &u8| {
        byte.is_ascii_whitespace()
            || byte.is_ascii_control()
            || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
    };
    // Another address is the end of this one.
    let goes_on = |at: &usize| !is_end(&rest[*at]) && !rest[*at..].starts_with(b"://");
    let whole = (0..rest.len().min(VALUE_MAX)).take_while(goes_on).count();
    let authority = rest[..whole].iter().take_while(|byte| !matches!(byte, b'/' | b'?' | b'#')).count();
    let last_at = |length: usize| rest[..length].iter().rposition(|byte| *byte == b'@');
    let colon = rest[..whole].iter().position(|byte| *byte == b':')?;
    let at = last_at(authority).or_else(|| {
        let is_port = rest[colon + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_host = matches!(rest.get(colon + 1 + is_port), Some(b'/' | b'?' | b'#'));
        let scheme = text[hit.start - scheme_length..hit.start].to_ascii_lowercase();
        let is_database = DATABASE_SCHEMES.iter().any(|known| scheme.ends_with(known));
        last_at(whole).filter(|_| is_database && colon < authority && !is_host)
    })?;
    if colon > at {
        return None;
    }
    let user = std::str::from_utf8(&rest[..colon]).ok()?;
    let found = hit.end + colon + 1..hit.end + at;
    hides(user, text.get(found.clone())?).then_some(found)
}

/// The password of `Server=db;User Id=app;Password=…;` or `host=db user=app password=…`.
pub(in crate::secrets) fn connection_password(text: &str, hit: Range<usize>) -> Option<Range<usize>> {
    const PLACES: [&str; 6] = ["server=", "host=", "data source=", "dbname=", "datasource=", "hostaddr="];
    let start = value_start(text, hit.end).filter(|_| text.as_bytes().get(hit.end) == Some(&b'='))?;
    let is_end =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b';' | b'"' | b'\'' | b'`' | b'&' | b'\\');
    let length = text.as_bytes()[start..].iter().take(VALUE_MAX).take_while(|byte| !is_end(byte)).count();
    let found = start..start + length;
    let password = text.get(found.clone())?;
    let has_place = || {
        let around = around(text, &found);
        PLACES.iter().any(|place| around.contains(place))
    };
    (length >= 4 && hides("", password) && has_place()).then_some(found)
}

/// Whether a password is worth hiding: no variable, no placeholder, no word that everybody knows.
fn hides(user: &str, password: &str) -> bool {
    let lower = password.to_ascii_lowercase();
    let is_variable = ["$", "{", "<", "%s", "%(", "%7b", "[", "*", MASK_START, ":"]
        .iter()
        .any(|start| lower.starts_with(start));
    let is_one_character = lower.bytes().all(|byte| Some(&byte) == lower.as_bytes().first());
    !(is_variable
        || is_one_character
        || is_example(&lower)
        || KNOWN_PASSWORDS.contains(&lower.as_str())
        || lower == user.to_ascii_lowercase())
}
