//! The one name of a file: absolute, with its symbolic links resolved. The client does this, since it sees
//! the file system of its agent; the daemon may run as another user or in another container.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::{Component, Path, PathBuf},
};

/// As many links as a kernel follows, too.
const LINKS_MAX: usize = 40;

/// The name of a file, which need not exist. Links are followed as far as there is something to follow;
/// where the file system does not tell letters apart by case, names that exist get the case they have there.
///
/// # Errors
/// When links go round in a circle.
pub fn canonical(path: &Path, working_dir: &Path) -> io::Result<PathBuf> {
    let resolved = without_links(&working_dir.join(path))?;
    // What exists has a name in the file system; what does not keeps the one it was given.
    let mut ancestor = resolved.as_path();
    loop {
        if let Ok(named) = ancestor.canonicalize() {
            let rest = resolved.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return Ok(if rest.as_os_str().is_empty() { named } else { named.join(rest) });
        }
        match ancestor.parent() {
            Some(parent) => ancestor = parent,
            None => return Ok(resolved),
        }
    }
}

/// Follows the links, those too that lead nowhere, so that `..` means what it means to the kernel.
fn without_links(path: &Path) -> io::Result<PathBuf> {
    let parts_of = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect();
    let mut parts: VecDeque<OsString> = parts_of(path);
    let (mut resolved, mut links) = (PathBuf::new(), 0);
    while let Some(part) = parts.pop_front() {
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => {}
            Some(Component::ParentDir) => drop(resolved.pop()),
            Some(Component::Normal(name)) => {
                resolved.push(name);
                let Ok(target) = resolved.read_link() else { continue };
                links += 1;
                if links > LINKS_MAX {
                    return Err(io::Error::other("its symbolic links go round in a circle"));
                }
                resolved.pop();
                let followed: VecDeque<OsString> = parts_of(&target);
                followed.into_iter().rev().for_each(|part| parts.push_front(part));
            }
            // The root, or a drive: what a link to an absolute path begins with.
            Some(_) => resolved.push(&part),
        }
    }
    Ok(resolved)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn one_file_has_one_name_however_it_is_reached() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/deep")).unwrap();
        std::fs::write(root.join("real/a.rs"), "").unwrap();
        symlink("real/deep", root.join("link")).unwrap();
        symlink(root.join("real/new.rs"), root.join("dangling")).unwrap();
        let name = |path: &str| canonical(Path::new(path), &root).unwrap();
        assert_eq!(name("real/./a.rs"), root.join("real/a.rs"));
        assert_eq!(name("link/../a.rs"), root.join("real/a.rs"), "a parent is that of the target");
        assert_eq!(name("link/new/b.rs"), root.join("real/deep/new/b.rs"), "what does not exist, too");
        assert_eq!(name("dangling"), root.join("real/new.rs"));
        assert_eq!(name("/../etc"), Path::new("/etc").canonicalize().unwrap());
    }

    #[test]
    fn links_that_go_round_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        symlink("b", directory.path().join("a")).unwrap();
        symlink("a", directory.path().join("b")).unwrap();
        canonical(Path::new("a"), directory.path()).expect_err("a circle");
    }
}
