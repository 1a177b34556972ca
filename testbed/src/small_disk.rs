//! A small file system, for what happens when it is full.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use tempfile::TempDir;

use crate::files;

/// A file system in memory, of so many bytes, that a server may write to. Gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts one; `None` where this process may not.
    ///
    /// # Errors
    /// When there is no directory for it.
    pub fn mount(megabytes: u32) -> Result<Option<Self>> {
        let directory = tempfile::Builder::new().prefix("am-disk-").tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m,mode=0700"), "small"]);
        if files::run(mount.arg(directory.path())).is_err() {
            return Ok(None);
        }
        let disk = Self { directory };
        files::give(disk.path())?;
        Ok(Some(disk))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Takes all the space that is left.
    ///
    /// # Errors
    /// When not even a file can be made.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.filler())?;
        while file.write_all(&[0; 4_096]).is_ok() {}
        Ok(())
    }

    /// Gives the space back.
    ///
    /// # Errors
    /// When it was not taken.
    pub fn free(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: who still has a file open there keeps it until its end.
        if let Err(error) = files::run(Command::new("umount").arg("-l").arg(self.path())) {
            eprintln!("a small file system stays behind: {error}");
        }
    }
}
