//! What became of locks of files.

use crate::{
    codec::{Decode, Encode},
    model::FileLock,
};

/// A file is checked out by the caller.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CheckedOut {
    /// The lock.
    pub lock: FileLock,
    /// Whether the caller held it before, and it only ends later now.
    pub renewed: bool,
    /// How long the caller waited for it, in milliseconds.
    pub waited_ms: u64,
}

/// A lock ended.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CheckedIn {
    /// The lock as it was.
    pub lock: FileLock,
    /// Whether it was ended by force.
    pub forced: bool,
}

/// Who holds a file.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FileLockStatus {
    /// The file, as the daemon names it.
    pub path: String,
    /// Its lock, if somebody holds it.
    pub lock: Option<FileLock>,
    /// How many wait for it at this daemon.
    pub waiting: u32,
}

/// A page of locks.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct FileLockPage {
    /// The locks.
    pub locks: Vec<FileLock>,
    /// Whether more follow.
    pub has_more: bool,
}
