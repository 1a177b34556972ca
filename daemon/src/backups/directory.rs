//! The directory of backups. Files in it are opened by their plain names, without following links. What is
//! being made stands in a directory of its own, and gets its name when it is whole.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use agent_memory_proto::{ErrorBody, ErrorCode, response::BackupFile};

use super::names;
use crate::{
    places::make_private_dir,
    store::{StoreError, sqlite},
};

/// What directories begin with in which a backup is being made.
const STAGE_PREFIX: &str = ".part-";
/// Times that the next name is taken when one is taken already.
const NAMES_MAX: i64 = 1_000;

/// The directory. It is made when it is needed.
#[derive(Clone, Debug)]
pub struct BackupDirectory(PathBuf);

impl BackupDirectory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A place to make a backup in. It is gone when it is dropped.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn stage(&self) -> Result<Stage, StoreError> {
        make_private_dir(&self.0).map_err(|error| failed("make", &self.0, &error))?;
        let stage = tempfile::Builder::new().prefix(STAGE_PREFIX).tempdir_in(&self.0);
        let stage = stage.map_err(|error| failed("make a directory in", &self.0, &error))?;
        Ok(Stage { directory: self.clone(), stage })
    }

    /// Removes what a killed daemon left behind. Whoever calls it is the only one who makes backups here.
    pub(crate) fn remove_leftovers(&self) {
        let Ok(found) = fs::read_dir(&self.0) else { return };
        for entry in found.flatten() {
            let is_stage = entry.file_name().to_string_lossy().starts_with(STAGE_PREFIX)
                && entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_stage && let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "half a backup stays behind");
            }
        }
    }

    /// Every backup by its name, newest first.
    ///
    /// # Errors
    /// What the file system says; that there is no directory yet is none.
    pub(crate) fn list(&self) -> Result<Vec<BackupFile>, StoreError> {
        let found = match fs::read_dir(&self.0) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &self.0, &error)),
        };
        let mut backups = Vec::new();
        for entry in found {
            let entry = entry.map_err(|error| failed("read", &self.0, &error))?;
            let Ok(filename) = entry.file_name().into_string() else { continue };
            let Some((_, created_at_ms)) = names::parse(&filename) else { continue };
            // Of the file itself, not of what a link leads to. One that is gone by now is none.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                backups.push(BackupFile { filename, size_bytes: metadata.len(), created_at_ms });
            }
        }
        backups.sort_by(|one, other| {
            (other.created_at_ms, &other.filename).cmp(&(one.created_at_ms, &one.filename))
        });
        Ok(backups)
    }

    /// Opens a file that a caller names.
    ///
    /// # Errors
    /// `Refused` for anything but a regular file of a plain name in this directory.
    pub(crate) fn open(&self, filename: &str) -> Result<(File, BackupFile), StoreError> {
        names::check_filename(filename).map_err(StoreError::refused)?;
        let file = open_without_links(&self.0, filename).map_err(|error| self.refusal(filename, &error))?;
        let metadata = file.metadata().map_err(|error| failed("read", &self.0.join(filename), &error))?;
        if !metadata.is_file() {
            return Err(special(filename));
        }
        let modified = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
        let created_at_ms = names::parse(filename)
            .map(|(_, at_ms)| at_ms)
            .or_else(|| modified.map(jiff::Timestamp::as_millisecond))
            .unwrap_or_default();
        let backup = BackupFile { filename: filename.to_owned(), size_bytes: metadata.len(), created_at_ms };
        Ok((file, backup))
    }

    /// Whether the file was made here as a backup, by what it begins with.
    pub(crate) fn is_ours(&self, filename: &str) -> bool {
        let mut head = [0; sqlite::BACKUP_HEAD_BYTES];
        let read = self.open(filename).is_ok_and(|(mut file, _)| file.read_exact(&mut head).is_ok());
        read && sqlite::is_backup_head(&head)
    }

    /// Removes a backup.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn remove(&self, filename: &str) -> Result<(), StoreError> {
        let path = self.0.join(filename);
        fs::remove_file(&path).map_err(|error| failed("remove", &path, &error))
    }

    fn refusal(&self, filename: &str, error: &io::Error) -> StoreError {
        match error.kind() {
            io::ErrorKind::NotFound => StoreError::refused(
                ErrorBody::not_found("backup", filename)
                    .with_field("filename")
                    .with_suggestion("Take a name from the list of backups (agent-memory backup list)"),
            ),
            _ if is_link(error) => special(filename),
            _ => failed("open", &self.0.join(filename), error),
        }
    }
}

/// What was wanted of which path, and what the file system said.
fn failed(what: &str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::of_file_system(&format!("cannot {what} {}", path.display()), error)
}

/// A place to make a backup in.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: BackupDirectory,
    stage: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn path(&self) -> &Path {
        self.stage.path()
    }

    /// The file that is being made.
    pub(crate) fn database(&self) -> PathBuf {
        sqlite::SqliteOptions::new(self.path()).database()
    }

    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn fill(&self, mut from: File) -> Result<(), StoreError> {
        let path = self.database();
        let copied = File::create_new(&path).and_then(|mut to| io::copy(&mut from, &mut to));
        copied.map_err(|error| failed("copy to", &path, &error))?;
        Ok(())
    }

    /// Gives what was made its name, once all of it is on the disk.
    ///
    /// # Errors
    /// What the file system says. Nothing is there under the name then.
    pub(crate) fn publish(self, label: &str, at_ms: i64) -> Result<BackupFile, StoreError> {
        let made = self.database();
        let failed = |error: &io::Error| failed("keep", &made, error);
        let file = File::open(&made).map_err(|error| failed(&error))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(|error| failed(&error))?;
        }
        file.sync_all().map_err(|error| failed(&error))?;
        let size_bytes = file.metadata().map_err(|error| failed(&error))?.len();
        // Nobody else makes backups here, so a name that is free stays free.
        for created_at_ms in at_ms..at_ms + NAMES_MAX {
            let filename = names::filename(label, created_at_ms);
            let path = self.directory.0.join(&filename);
            if fs::symlink_metadata(&path).is_ok() {
                continue;
            }
            fs::rename(&made, &path).map_err(|error| failed(&error))?;
            sync_directory(&self.directory.0).map_err(|error| failed(&error))?;
            return Ok(BackupFile { filename, size_bytes, created_at_ms });
        }
        Err(StoreError::Other(format!("{NAMES_MAX} backups of this moment are there already")))
    }
}

fn special(filename: &str) -> StoreError {
    let error = ErrorBody::new(
        ErrorCode::PermissionDenied,
        format!("{filename} is a link or a special file; only regular files are backups"),
    );
    StoreError::refused(
        error
            .with_field("filename")
            .with_value(filename)
            .with_allowed("a regular file in the backup directory")
            .with_suggestion("Copy the file itself into the backup directory"),
    )
}

#[cfg(unix)]
fn open_without_links(directory: &Path, filename: &str) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, openat};
    let directory = File::open(directory)?;
    // A pipe that nobody writes into must not be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(openat(directory, filename, flags, Mode::empty())?.into())
}

#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    // A socket cannot be opened at all.
    [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn open_without_links(directory: &Path, filename: &str) -> io::Result<File> {
    let path = directory.join(filename);
    if !fs::symlink_metadata(&path)?.is_file() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    File::open(path)
}

#[cfg(not(unix))]
fn is_link(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

/// The system keeps the names of files by itself.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
