//! Order of builds: enough of semantic versioning to tell which side is older.

/// Whether build `this` is older than build `other`. Numbers decide; a pre-release (`1.2.3-rc.1`)
/// is older than its release. Texts that are no versions are never older.
#[must_use]
pub fn is_older(this: &str, other: &str) -> bool {
    match (parse(this), parse(other)) {
        (Some(this), Some(other)) => this < other,
        _ => false,
    }
}

/// Major, minor, patch, and whether it is a release.
fn parse(build: &str) -> Option<(u64, u64, u64, bool)> {
    let build = build.split('+').next().unwrap_or(build);
    let (numbers, is_release) = match build.split_once('-') {
        Some((numbers, _)) => (numbers, false),
        None => (build, true),
    };
    let mut parts = numbers.split('.').map(str::parse::<u64>);
    let version = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?, is_release);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn numbers_decide_and_not_letters() {
        assert!(is_older("0.9.0", "0.10.0"));
        assert!(!is_older("0.10.0", "0.9.0"));
        assert!(!is_older("1.0.0", "1.0.0"));
    }

    #[test]
    fn a_pre_release_is_older_than_its_release() {
        assert!(is_older("1.0.0-rc.1", "1.0.0"));
        assert!(!is_older("1.0.0+build.7", "1.0.0"));
    }

    #[test]
    fn what_is_no_version_is_never_older() {
        assert!(!is_older("banana", "1.0.0"));
        assert!(!is_older("1.0", "1.0.1"));
    }
}
