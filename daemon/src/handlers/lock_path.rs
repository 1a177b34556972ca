//! The path of a lock: one file has one name, as far as the text alone can tell. Symbolic links are for
//! the client to resolve: it sees the file system of its agent, which need not be that of the daemon.

use agent_memory_proto::{ErrorBody, limits};

/// The field that names the file.
pub(super) const FIELD: &str = "file_path";

/// The path without `.`, `..`, doubled and trailing separators. A path in the form of Windows has
/// backslashes and lower-case letters from then on, since no two files there differ in case alone.
///
/// # Errors
/// `MissingField` and `InvalidParameter`.
pub(crate) fn normal(path: &str) -> Result<String, ErrorBody> {
    if path.is_empty() {
        return Err(ErrorBody::missing(FIELD).with_allowed("an absolute path"));
    }
    if path.chars().any(char::is_control) || path.len() > limits::LOCK_PATH_BYTES_MAX {
        let allowed = format!(
            "an absolute path of 1 to {} bytes without control characters",
            limits::LOCK_PATH_BYTES_MAX
        );
        return Err(ErrorBody::invalid(FIELD, path, allowed));
    }
    if path.starts_with('/') {
        return Ok(format!("/{}", resolved(path.split('/'), 0).join("/")));
    }
    let windows = path.replace('/', "\\").to_lowercase();
    if let Some(share) = windows.strip_prefix(r"\\") {
        // The server and its share cannot be left.
        return Ok(format!(r"\\{}", resolved(share.split('\\'), 2).join("\\")));
    }
    let bytes = windows.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1..3) == Some(br":\") {
        return Ok(format!("{}\\{}", &windows[..2], resolved(windows[3..].split('\\'), 0).join("\\")));
    }
    Err(ErrorBody::invalid(FIELD, path, "an absolute path")
        .with_suggestion("Give the whole path of the file, from the root of the file system"))
}

/// The parts that are left; the first `fixed` stay whatever follows.
fn resolved<'a>(parts: impl Iterator<Item = &'a str>, fixed: usize) -> Vec<&'a str> {
    let mut left = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." if left.len() > fixed => drop(left.pop()),
            ".." => {}
            name => left.push(name),
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_name() {
        for (given, name) in [
            ("/src/a.rs", "/src/a.rs"),
            ("//src///./b/../a.rs/", "/src/a.rs"),
            ("/../../etc/passwd", "/etc/passwd"),
            ("/", "/"),
            ("/src/A.rs", "/src/A.rs"),
            (r"C:\Work\.\src\..\A.rs", r"c:\work\a.rs"),
            ("c:/code/a.rs", r"c:\code\a.rs"),
            (r"\\Server\Share\..\..\..\a.rs", r"\\server\share\a.rs"),
        ] {
            assert_eq!(normal(given).as_deref(), Ok(name), "{given}");
            assert_eq!(normal(name).as_deref(), Ok(name), "{name} is normal already");
        }
    }

    #[test]
    fn what_is_no_absolute_path_is_refused() {
        let long = format!("/{}", "x".repeat(limits::LOCK_PATH_BYTES_MAX));
        for bad in ["", "src/a.rs", "./a", "~/a", "c:a", "/a\0b", "/a\nb", long.as_str()] {
            let error = normal(bad).expect_err("refused");
            assert_eq!(error.field.as_deref(), Some(FIELD), "{bad:?}");
            assert!(error.allowed.is_some(), "{bad:?}");
        }
    }
}
