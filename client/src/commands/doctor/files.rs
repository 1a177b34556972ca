//! The data directory, its disk, and the directory of the socket: owner, permissions, space.

use std::{fs::Metadata, io, path::Path};

use agent_memory_client::{Locations, find_daemon};

use super::Finding;
use crate::output::size;

/// Below this the next writes may fail.
const FREE_BYTES_LOW: u64 = 64 << 20;

pub(super) fn check(locations: &Locations) -> Vec<Finding> {
    let mut findings = vec![program(locations)];
    findings.extend(data_dir(&locations.data_dir));
    findings.extend(socket(&locations.socket));
    findings
}

fn program(locations: &Locations) -> Finding {
    let configured = locations.settings.text("DAEMON").map(Into::into);
    let program: std::path::PathBuf = configured.unwrap_or_else(find_daemon);
    let found = match program.components().count() {
        1 => std::env::var_os("PATH").and_then(|path| {
            std::env::split_paths(&path).map(|folder| folder.join(&program)).find(|path| path.is_file())
        }),
        _ => Some(program.clone()).filter(|path| path.is_file()),
    };
    match found {
        Some(path) => Finding::good("executable", path.display().to_string()),
        None => Finding::bad(
            "executable",
            format!("{} was found neither beside this program nor on PATH", program.display()),
            "Install agent-memoryd beside agent-memory, or set AGENT_MEMORY_DAEMON to its path",
        ),
    }
}

fn data_dir(path: &Path) -> Vec<Finding> {
    const ABOUT: &str = "data directory";
    let shown = path.display();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("{shown} does not exist yet; the first start makes it");
            let nearest = path.ancestors().find(|parent| parent.is_dir()).unwrap_or(path);
            return std::iter::once(Finding::good(ABOUT, what)).chain(disk(nearest)).collect();
        }
        Err(error) => {
            let mend = "Give this user access to it, or set AGENT_MEMORY_DATA_DIR to another directory";
            return vec![Finding::bad(ABOUT, format!("{shown}: {error}"), mend)];
        }
    };
    let mut findings = Vec::new();
    match trouble(path, &metadata, 0o700) {
        Some((what, mend)) => findings.push(Finding::bad(ABOUT, what, mend)),
        None => findings.push(Finding::good(ABOUT, shown.to_string())),
    }
    if is_shared(&metadata) {
        let what = format!("other users may enter {shown}");
        findings.push(Finding::doubtful(ABOUT, what, "Take their permissions away: its mode should be 0700"));
    }
    findings.extend(disk(path));
    findings
}

fn socket(path: &Path) -> Vec<Finding> {
    const ABOUT: &str = "socket";
    let Some(folder) = path.parent() else { return Vec::new() };
    let metadata = match std::fs::symlink_metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return vec![Finding::good(
                ABOUT,
                format!("{} (its directory is made at the start)", path.display()),
            )];
        }
        Err(error) => {
            let mend = "Set AGENT_MEMORY_SOCKET to a place that this user can reach";
            return vec![Finding::bad(ABOUT, format!("{}: {error}", folder.display()), mend)];
        }
    };
    match trouble(folder, &metadata, 0o700) {
        Some((what, _)) => {
            let mend = "Set AGENT_MEMORY_SOCKET (or XDG_RUNTIME_DIR) to a place that is yours";
            vec![Finding::bad(ABOUT, what, mend)]
        }
        None => vec![Finding::good(ABOUT, path.display().to_string())],
    }
}

/// What keeps this user from working in a directory.
#[cfg(unix)]
fn trouble(path: &Path, metadata: &Metadata, needed: u32) -> Option<(String, String)> {
    use std::os::unix::fs::MetadataExt;
    let here = rustix::process::geteuid().as_raw();
    let shown = path.display();
    if !metadata.is_dir() {
        return Some((format!("{shown} is no directory"), "Move it away".to_owned()));
    }
    let owner = metadata.uid();
    let may_enter = rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK);
    if owner != here && may_enter.is_err() {
        let what = format!("{shown} belongs to the user with id {owner}, and this is user {here}");
        return Some((
            what,
            "Give it to this user, or set AGENT_MEMORY_DATA_DIR to a directory of yours".to_owned(),
        ));
    }
    if owner == here && metadata.mode() & needed != needed {
        let what = format!("the mode of {shown} is {:o}", metadata.mode() & 0o777);
        return Some((what, format!("Give its owner all permissions: its mode should be {needed:o}")));
    }
    match may_enter {
        Ok(()) => None,
        Err(rustix::io::Errno::ROFS) => {
            let what = format!("{shown} is on a file system that is mounted read-only");
            Some((what, "Mount it for writing, or set AGENT_MEMORY_DATA_DIR to another place".to_owned()))
        }
        Err(error) => {
            let what = format!("{shown} is yours and cannot be written: {error}; a sandbox may forbid it");
            Some((
                what,
                "Allow the directory in the sandbox's settings, or set AGENT_MEMORY_DATA_DIR".to_owned(),
            ))
        }
    }
}

#[cfg(not(unix))]
fn trouble(path: &Path, metadata: &Metadata, _needed: u32) -> Option<(String, String)> {
    let what = format!("{} is no directory", path.display());
    (!metadata.is_dir()).then(|| (what, "Move it away".to_owned()))
}

#[cfg(unix)]
fn is_shared(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_shared(_metadata: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn disk(path: &Path) -> Option<Finding> {
    let state = rustix::fs::statvfs(path).ok()?;
    let free = state.f_bavail.saturating_mul(state.f_frsize);
    let what = format!("{} free on the disk of {}", size(free), path.display());
    Some(if free < FREE_BYTES_LOW || (state.f_files > 0 && state.f_favail == 0) {
        Finding::bad("disk", what, "Make room: writes are refused while the disk is full; reads go on")
    } else {
        Finding::good("disk", what)
    })
}

#[cfg(not(unix))]
fn disk(_path: &Path) -> Option<Finding> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::{super::Level, *};

    fn with_mode(mode: u32) -> (tempfile::TempDir, Vec<Finding>) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).expect("sets");
        let findings = data_dir(folder.path());
        (folder, findings)
    }

    #[test]
    fn a_directory_without_permissions_is_a_problem() {
        let (_folder, findings) = with_mode(0o500);
        assert_eq!(findings[0].level, Level::Bad);
        assert!(findings[0].what.ends_with("is 500"), "{findings:?}");
    }

    #[test]
    fn a_shared_directory_is_a_warning() {
        let (_folder, findings) = with_mode(0o755);
        assert!(findings.iter().any(|finding| finding.level == Level::Doubtful), "{findings:?}");
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_a_problem() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(data_dir(file.path())[0].level, Level::Bad);
    }
}
