//! Backups: create, list, verify, restore, clean up. A backup is a file in the daemon's backup directory,
//! named without a path.

use std::fmt;

use crate::codec::{Decode, Encode};

/// Makes a backup of everything, as of one moment, and verifies it. Others read and write meanwhile.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct CreateBackup {
    /// What its file name begins with: 1 to 64 ASCII letters, digits, `_` and `-`, the first a letter or digit;
    /// `backup` when not given. The time of the backup follows.
    pub name: Option<String>,
    /// Must match `AGENT_MEMORY_ADMIN_KEY` where the daemon has one.
    pub admin_key: Option<String>,
}

/// Checks a backup: that its pages are sound, that its rows are those that were written, that its schema is one
/// that this build can work with.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct VerifyBackup {
    /// The name of the file, as a list gives it.
    pub filename: String,
    /// As for [`CreateBackup`].
    pub admin_key: Option<String>,
}

/// Puts a backup in the place of everything that is stored. What is replaced is kept as a backup of its own.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct RestoreBackup {
    /// The name of the file, as a list gives it.
    pub filename: String,
    /// As for [`CreateBackup`].
    pub admin_key: Option<String>,
}

/// Removes all but the newest backups. Files that are no backups are left alone.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct CleanupBackups {
    /// How many are kept, 1 to 10,000.
    pub keep: u32,
    /// As for [`CreateBackup`].
    pub admin_key: Option<String>,
}

/// Shows everything but the key.
macro_rules! without_the_key {
    ($request:ident, $field:ident) => {
        impl fmt::Debug for $request {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($request))
                    .field(stringify!($field), &self.$field)
                    .field("admin_key", &self.admin_key.as_ref().map(|_| "(secret)"))
                    .finish()
            }
        }
    };
}

without_the_key!(CreateBackup, name);
without_the_key!(VerifyBackup, filename);
without_the_key!(RestoreBackup, filename);
without_the_key!(CleanupBackups, keep);
