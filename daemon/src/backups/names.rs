//! Names of backups: `<name>-<time>.db`, plain names without a path. What comes from outside is checked
//! before it comes near the file system.

use agent_memory_proto::{ErrorBody, limits};

const SUFFIX: &str = ".db";
/// `20260131T120000000Z`
const STAMP: &str = "%Y%m%dT%H%M%S%3fZ";
const FILE_NAME_BYTES_MAX: usize = 255;
const LABEL_ALLOWED: &str = "1 to 64 ASCII letters, digits, _ and -, the first a letter or digit";

/// Checks the name that a caller gives a backup.
///
/// # Errors
/// What is allowed.
pub(crate) fn check_label(label: &str) -> Result<(), ErrorBody> {
    let mut bytes = label.bytes();
    let is_plain = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        && label.len() <= limits::BACKUP_NAME_BYTES_MAX;
    if is_plain { Ok(()) } else { Err(ErrorBody::invalid("name", label, LABEL_ALLOWED)) }
}

/// Checks the name of a file that a caller gives.
///
/// # Errors
/// What is allowed.
pub(crate) fn check_filename(filename: &str) -> Result<(), ErrorBody> {
    let is_plain = !filename.starts_with('.')
        && filename.len() <= FILE_NAME_BYTES_MAX
        && filename.len() > SUFFIX.len()
        && filename.ends_with(SUFFIX)
        && !filename.chars().any(|c| matches!(c, '/' | '\\' | ':') || c.is_control());
    if is_plain {
        return Ok(());
    }
    let error = ErrorBody::invalid(
        "filename",
        filename,
        "the plain name of a file in the backup directory, ending in .db, without a path",
    );
    Err(error.with_suggestion("Take a name from the list of backups (agent-memory backup list)"))
}

/// The name of the file of a backup.
pub(crate) fn filename(label: &str, at_ms: i64) -> String {
    format!("{label}-{}{SUFFIX}", stamp(at_ms))
}

/// What the name of a backup says: its label, and the moment that it shows. `None` for any other file.
pub(crate) fn parse(filename: &str) -> Option<(&str, i64)> {
    let (label, stamp) = filename.strip_suffix(SUFFIX)?.rsplit_once('-')?;
    check_label(label).ok()?;
    Some((label, parse_stamp(stamp)?))
}

fn stamp(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |time| time.strftime(STAMP).to_string())
}

/// Only what [`stamp`] writes, though more could be read.
fn parse_stamp(text: &str) -> Option<i64> {
    let moment = jiff::civil::DateTime::strptime(STAMP, text).ok()?;
    let at_ms = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
    (stamp(at_ms) == text).then_some(at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_label_and_its_moment() {
        let name = filename("before-migration-1-to-2", 1_750_000_000_123);
        assert_eq!(name, "before-migration-1-to-2-20250615T150640123Z.db");
        assert_eq!(parse(&name), Some(("before-migration-1-to-2", 1_750_000_000_123)));
        for other in [
            "notes.db",
            "x-20250615T150640123Z.db.txt",
            "x-20251315T150640123Z.db",
            "x-2025061５150640123Z.db",
            "-20250615T150640123Z.db",
            ".x-20250615T150640123Z.db",
            "x-+0250615T150640123Z.db",
            "x-20250615T150660123Z.db",
            "x-2025615T150640123Z.db",
            "x-20250615T15064012Z.db",
            "x-20250615T1506401234Z.db",
            "x- 0250615T150640123Z.db",
            "x-20250615T150640123ZZ.db",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_plain_name_is_refused() {
        for bad in [
            "",
            ".",
            "..",
            ".db",
            "../x.db",
            "/x.db",
            "a/b.db",
            "a\\b.db",
            "x",
            "x\0.db",
            ".hidden.db",
            "c:x.db",
            "x\n.db",
        ] {
            assert_eq!(check_filename(bad).unwrap_err().field.as_deref(), Some("filename"), "{bad:?}");
        }
        assert!(check_filename(&format!("{}.db", "x".repeat(300))).is_err());
        check_filename("my copy of ünicode.db").unwrap();
        for bad in ["", "-x", "a b", "a/b", "..", "ü", &"x".repeat(65)] {
            assert_eq!(check_label(bad).unwrap_err().field.as_deref(), Some("name"), "{bad:?}");
        }
        check_label("Nightly_2-b").unwrap();
    }
}
