//! Directories of servers: copied from a template, owned by the user they run as.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::process::{SERVER_USER, is_root};

/// Where templates are kept: beside the build.
pub(crate) fn cache() -> Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let build = executable.ancestors().find(|path| path.ends_with("debug") || path.ends_with("release"));
    let build = build.or_else(|| executable.parent()).context("an executable lies in a directory")?;
    let cache = build.join("testbed");
    fs::create_dir_all(&cache)?;
    Ok(cache)
}

/// Holds the lock of a file until the result is dropped.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let file = File::create(path)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
    Ok(file)
}

/// Gives a directory to the user that servers run as.
pub(crate) fn give(path: &Path) -> Result<()> {
    if is_root() {
        run(Command::new("chown").args(["-R", &format!("{SERVER_USER}:{SERVER_USER}")]).arg(path))?;
    }
    Ok(())
}

/// Copies a directory with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    run(Command::new("cp").arg("-a").arg(from).arg(to))
}

/// Runs a command to its end, which must be a good one.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A port of this machine that nobody listened on just now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
