//! Which project is meant: by a directory or one above it, by a name that may fit several.

use agent_memory_proto::{ErrorBody, ErrorCode, model::Project};

use crate::store::StoreError;

/// Projects named in an error when a name fits several.
pub(in crate::store) const CANDIDATES_MAX: i64 = 10;

/// A directory and those above it. Both separators are taken as such, whatever the platform.
pub(in crate::store) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    let first = (!path.is_empty()).then_some(path);
    std::iter::successors(first, |path| {
        let cut = path.trim_end_matches(['/', '\\']).rfind(['/', '\\'])?;
        // The root itself keeps its separator.
        let end = if cut == 0 { 1 } else { cut };
        (end < path.len()).then(|| &path[..end])
    })
}

/// The only project of that name.
///
/// # Errors
/// `Conflict` when there are several.
pub(in crate::store) fn the_only(name: &str, mut found: Vec<Project>) -> Result<Option<Project>, StoreError> {
    if found.len() <= 1 {
        return Ok(found.pop());
    }
    let ids: Vec<String> = found.iter().map(|project| project.id.to_string()).collect();
    Err(StoreError::refused(
        ErrorBody::new(ErrorCode::Conflict, format!("{} projects have this name", found.len()))
            .with_field("name")
            .with_value(name)
            .with_allowed(ids.join(", "))
            .with_suggestion("Name the project by its id or directory, or give its organisation"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_those_above_it() {
        let of = |path| ancestors(path).collect::<Vec<_>>();
        assert_eq!(
            of("/home/ada/app/src"),
            ["/home/ada/app/src", "/home/ada/app", "/home/ada", "/home", "/"]
        );
        assert_eq!(of("C:\\work\\app"), ["C:\\work\\app", "C:\\work", "C:"]);
        assert_eq!(of("/"), ["/"]);
        assert_eq!(of(""), [""; 0]);
        assert_eq!(of("app"), ["app"]);
    }
}
