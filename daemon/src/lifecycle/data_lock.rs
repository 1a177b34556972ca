//! The kernel's lock on the data directory, held for life: one process writes a store.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

const FILE_NAME: &str = "daemon.lock";

/// The lock. It ends with the process, however that ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Why the lock was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("the data directory {} is in use by another agent-memoryd: {holder}", .directory.display())]
    Held {
        /// The directory.
        directory: PathBuf,
        /// What the holder wrote about itself.
        holder: String,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock {}: {source}; the data directory must be writable for this user", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl DataLock {
    /// Takes the lock, and writes down who holds it.
    ///
    /// # Errors
    /// [`LockError`]; nothing else in the directory was touched.
    pub fn take(directory: &Path, socket: &Path) -> Result<Self, LockError> {
        let path = directory.join(FILE_NAME);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The holder may be just writing it; its words are a courtesy.
                let _ = file.take(1_000).read_to_string(&mut holder);
                let holder = if holder.is_empty() {
                    "it is just starting".to_owned()
                } else {
                    holder.trim().to_owned()
                };
                return Err(LockError::Held { directory: directory.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let words = format!(
            "process {}, build {}, socket {}\n",
            std::process::id(),
            agent_memory_proto::BUILD,
            socket.display()
        );
        // A full disk must not keep the daemon from serving reads.
        if let Err(error) =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(words.as_bytes()))
        {
            tracing::warn!(%error, "cannot write down who holds the data directory");
        }
        Ok(Self { _file: file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_is_refused_and_names_the_holder() {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = Path::new("/run/one.sock");
        let first = DataLock::take(directory.path(), socket).expect("free");
        let refused = DataLock::take(directory.path(), socket).expect_err("held").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        assert!(refused.contains("/run/one.sock"), "{refused}");
        drop(first);
        DataLock::take(directory.path(), socket).expect("free again");
    }
}
